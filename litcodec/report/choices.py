"""What people preferred in the page's blind comparison: its JSON files, read back and counted."""

import math
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from litcodec.errors import ResultsError
from litcodec.evaluation.json_records import RecordReader, read_object, short

FORMAT, VERSION = "litcodec-choices", 1
Z = 1.959964  # standard deviations: 95 %
_RANGES: dict[str, tuple[float, float]] = {"bytes": (1, 2**40), "seconds": (0, 1e9)}
_REMEDY = "Save it again from the page of litcodec report."


class Shown(NamedTuple):
    """One of the two versions of an image."""

    curve: str
    setting: str
    bytes: int


class Judgement(NamedTuple):
    """One choice between two versions of an image."""

    image: str
    left: Shown
    right: Shown
    chosen: Literal["left", "right", "neither"]
    seconds: float  # that it took


class Choices(NamedTuple):
    """A file of the page: one sitting of one judge."""

    created: str  # ISO 8601, UTC
    judgements: tuple[Judgement, ...]


class Preference(NamedTuple):
    """Two codecs, counted over all judgements of them."""

    first: str
    second: str
    wins: int  # of the first
    ties: int
    losses: int
    share: float  # of judgements that prefer the first, ties as half
    low: float  # its 95 % interval
    high: float
    size: float  # of the first's files, as a multiple of the second's: the geometric mean

    @property
    def judgements(self) -> int:
        """How many."""
        return self.wins + self.ties + self.losses


def read_choices(path: Path) -> Choices:
    """Read a file of the page's blind comparison.

    Raises:
        ResultsError: if it is missing, damaged or another file; names the key.
    """
    found = read_object(path, FORMAT, "a file of choices from the page of litcodec report")
    if type(found.get("version")) is not int or found["version"] != VERSION:
        version = short(found.get("version"))
        raise ResultsError(f"{path} has choices version {version}; this litcodec reads {VERSION}. {_REMEDY}")
    reader = RecordReader(path, _RANGES, _REMEDY)
    choices: Choices = reader.record(Choices, found, "")
    for k, judgement in enumerate(choices.judgements):
        if judgement.left[:2] == judgement.right[:2]:
            reader.damaged(f"judgements[{k}] compares {short(judgement.left.curve)} with itself")
    return choices


def preferences(choices: Sequence[Choices]) -> tuple[Preference, ...]:
    """Every pair of codecs that was judged, the preferred one first; the pairs with most judgements first.

    Two settings of one curve are two codecs; else settings are left out, as each image has its own.

    Args:
        choices: files; one that is given twice counts once.
    """
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = {}  # (score of the first, ratio of sizes)
    for judgement in (each for one in dict.fromkeys(choices) for each in one.judgements):
        left, right = _names(judgement)
        score = {"left": 1.0, "neither": 0.5, "right": 0.0}[judgement.chosen]
        ratio = judgement.left.bytes / judgement.right.bytes
        if left < right:
            pairs.setdefault((left, right), []).append((score, ratio))
        else:
            pairs.setdefault((right, left), []).append((1 - score, 1 / ratio))
    found = [_preference(names, judged) for names, judged in pairs.items()]
    return tuple(sorted(found, key=lambda each: (-each.judgements, each.first, each.second)))


def judgements_of(choices: Choices, curves: Container[str]) -> Choices:
    """Only the judgements between ``curves``."""
    return choices._replace(
        judgements=tuple(
            each for each in choices.judgements if each.left.curve in curves and each.right.curve in curves
        )
    )


def notes_on_choices(choices: Sequence[Choices], curves: Container[str]) -> list[str]:
    """How many judgements are not between ``curves``, in words."""
    left = sum(len(one.judgements) - len(judgements_of(one, curves).judgements) for one in choices)
    if not left:
        return []
    words = "1 judgement is" if left == 1 else f"{left:,} judgements are"
    return [f"{words} of codecs that are not in this report: left out."]


def _names(judgement: Judgement) -> tuple[str, str]:
    left, right = judgement.left, judgement.right
    if left.curve == right.curve:
        return f"{left.curve}, {left.setting}", f"{right.curve}, {right.setting}"
    return left.curve, right.curve


def _preference(names: tuple[str, str], judged: Sequence[tuple[float, float]]) -> Preference:
    share = sum(score for score, _ in judged) / len(judged)
    size = math.exp(sum(math.log(ratio) for _, ratio in judged) / len(judged))
    if share < 0.5:
        names, share, size = (names[1], names[0]), 1 - share, 1 / size
        judged = [(1 - score, 1 / ratio) for score, ratio in judged]
    wins, ties, losses = (sum(score == value for score, _ in judged) for value in (1.0, 0.5, 0.0))
    low, high = _interval(share, len(judged))
    return Preference(*names, wins, ties, losses, share, low, high, size)


def _interval(share: float, count: int) -> tuple[float, float]:
    """Wilson's interval of a share, https://doi.org/10.1080/01621459.1927.10502953."""
    middle = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    half = Z / (1 + Z**2 / count) * math.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)
