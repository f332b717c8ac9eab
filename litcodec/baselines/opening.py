"""Baseline codecs by their keys or class paths."""

from collections.abc import Callable, Sequence
from functools import partial

from litcodec.baselines.avif import Avif
from litcodec.baselines.base import Baseline, Baselines
from litcodec.baselines.hevc import Hevc
from litcodec.baselines.jpeg import Jpeg
from litcodec.baselines.jpeg2000 import Jpeg2000
from litcodec.baselines.jxl import JpegXl
from litcodec.baselines.lossless import LOSSLESS_KEYS, LosslessBaseline
from litcodec.baselines.vvc import Vvc
from litcodec.baselines.webp import WebP
from litcodec.errors import BaselineMissing, ShapeError
from litcodec.import_path import import_object

_BASELINES: tuple[tuple[str, Callable[[], Baseline]], ...] = (
    ("jpeg", Jpeg),
    ("jpeg444", partial(Jpeg, subsampling="4:4:4")),
    ("jpeg2000", Jpeg2000),
    ("webp", WebP),
    ("avif", Avif),
    ("hevc", Hevc),
    ("jxl", JpegXl),
    ("vvc", Vvc),
)
_LOSSLESS = tuple((key, partial(LosslessBaseline, key)) for key in LOSSLESS_KEYS)
BASELINE_KEYS = tuple(key for key, _ in _BASELINES)
_NEEDED = ("name", "key", "suffix", "source", "qualities", "setting", "compress", "decompress")


def open_baselines(keys: Sequence[str]) -> Baselines:
    """Baseline codecs, ready to run.

    Args:
        keys: of ``BASELINE_KEYS`` or ``LOSSLESS_KEYS``, or class paths of others, ``mylab.Cjxl``, made
            without arguments; one given twice is opened once.

    Returns:
        Those that are installed, in the order of ``keys``, and a line for each that is not.

    Raises:
        ShapeError: if a key is unknown, or a class path leads to no baseline.
    """
    makers: dict[str, Callable[[], Baseline]] = {**dict(_BASELINES), **dict(_LOSSLESS)}
    chosen = {key: makers.get(key) or _imported(key) for key in keys}
    found: list[Baseline] = []
    missing: list[str] = []
    for key, make in chosen.items():
        try:
            baseline = make()
        except BaselineMissing as error:
            missing.append(f"{key}: {error}")
            continue
        lacking = [name for name in _NEEDED if not hasattr(baseline, name)]
        if lacking:
            raise ShapeError(f"no baseline {key}: it has no {lacking[0]}; see litcodec.baselines.Baseline.")
        found.append(baseline)
    return Baselines(tuple(found), tuple(missing))


def _imported(path: str) -> Callable[[], Baseline]:
    if "." not in path:
        known = ", ".join((*BASELINE_KEYS, *LOSSLESS_KEYS))
        raise ShapeError(f"there is no baseline {path!r}; there are {known}, or give a class path.")
    try:
        made: Callable[[], Baseline] = import_object(path)
    except ImportError as error:
        raise ShapeError(f"no baseline {path}: {error}.") from error
    if not callable(made):
        raise ShapeError(f"no baseline {path}: it is a {type(made).__name__}, not a class.")
    return made


def baseline_keys(words: Sequence[str]) -> tuple[str, ...]:
    """The keys that are meant: ``all`` are those that have rates, ``lossless`` those that lose nothing."""
    groups = {"all": BASELINE_KEYS, "lossless": LOSSLESS_KEYS}
    return tuple(dict.fromkeys(key for word in words for key in groups.get(word, (word,))))
