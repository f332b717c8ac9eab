"""Packaged codecs: the numbers of their model cards, and the paths of their files.

For each codec three files lie here: ``NAME.safetensors``, ``NAME.json`` (what ``litcodec codecs`` shows) and
``NAME.md`` (the model card, for people). A codec is never changed, as streams name it by its fingerprint: a
better one gets another name and becomes the default. An older one may be kept without
its encoder, see ``codec_files.codec_bytes``: its streams decode. One that is taken out of the package leaves
its fingerprint in ``retired.json``.
"""

import json
from collections.abc import Callable
from pathlib import Path
from reprlib import repr as shortened
from types import UnionType
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from litcodec.errors import CodecFileError, CodecMismatch

FOLDER = Path(__file__).resolve().parent
T = TypeVar("T")
TEXT_MAX = 1000  # characters of one text of a card


class Kodak(NamedTuple):
    """Measured on the 24 Kodak images, real files; BD-rates in %, negative is better."""

    bpp: tuple[float, float]  # mean bits per pixel at q 1 and at q 100
    psnr_rgb: tuple[float, float]  # dB, of the lowest and highest quality
    bd_rate_psnr: dict[str, float]  # of the mean curves, by baseline
    bd_rate_ms_ssim: dict[str, float]  # of MS-SSIM in dB
    # The mean of per-image BD-rates, its standard deviation, number of images; older cards lack it.
    bd_rate_images_psnr: dict[str, list[float]] = {}  # noqa: RUF012
    bd_rate_images_ms_ssim: dict[str, list[float]] = {}  # noqa: RUF012


class Lossless(NamedTuple):
    """Measured on the 24 Kodak images, real files that restore every pixel."""

    bits_per_sub_pixel: float  # the mean of the files' bits / (3 * H * W)
    baselines: dict[str, float]  # the same of "JPEG XL lossless, effort 7"
    encode_s: float  # seconds an image, where the codec was measured
    decode_s: float


class Training(NamedTuple):
    """What it was trained with."""

    config: str
    steps: int
    core_hours: float
    device: str
    photographs: int
    licences: tuple[str, ...]  # of the photographs


class Retired(NamedTuple):
    """A codec that is no longer in the package."""

    fingerprint: str
    name: str
    last_version: str  # of litcodec that has it


class Card(NamedTuple):
    """One packaged codec."""

    name: str
    fingerprint: str  # 16 hexadecimal digits
    codec: str
    parameters: int
    training: Training
    default: bool
    folder: Path
    lmbda: tuple[float, float] | None = None  # a lossless codec has none,
    kodak: Kodak | None = None  # nor a distortion:
    lossless: Lossless | None = None  # it has this
    decoder_only: bool = False  # kept for older streams, without its encoder

    @property
    def file(self) -> Path:
        """The codec file."""
        return self.folder / f"{self.name}.safetensors"


def packaged_cards(folder: Path = FOLDER) -> tuple[Card, ...]:
    """All packaged codecs, the default first.

    Raises:
        CodecFileError: if a card is damaged.
    """
    cards = [_card(path) for path in sorted(folder.glob("*.json")) if path != _retired(folder)]
    return tuple(sorted(cards, key=lambda card: not card.default))


def default_card(folder: Path = FOLDER) -> Card:
    """The codec that is meant where none is named.

    Raises:
        CodecFileError: if none is installed.
    """
    cards = packaged_cards(folder)
    if not cards or not cards[0].default or cards[0].lossless is not None:
        raise CodecFileError("no packaged codec is installed; give a codec file with -c CODEC.")
    return cards[0]


def lossless_card(folder: Path = FOLDER) -> Card:
    """The latest packaged lossless codec.

    Raises:
        CodecFileError: if none is installed.
    """
    found = [card for card in packaged_cards(folder) if card.lossless is not None]
    if found:
        return max(found, key=lambda card: (len(card.name), card.name))  # -10 comes after -2
    raise CodecFileError("no lossless codec is packaged; give a codec file with -c CODEC.")


def codec_path(named: Path, folder: Path = FOLDER) -> Path:
    """The file that is meant: a packaged codec's, if ``named`` is the name of one and no file."""
    files = {card.name: card.file for card in packaged_cards(folder)}
    return named if named.exists() else files.get(str(named), named)


def packaged_codec(fingerprint: bytes, folder: Path = FOLDER) -> Path:
    """The packaged codec file that made a stream.

    Args:
        fingerprint: as in the stream's header.
        folder: where to look.

    Raises:
        CodecMismatch: if none of those that are here made it; it says which litcodec had it, if any.
    """
    wanted = fingerprint.hex()
    for card in packaged_cards(folder):
        if card.fingerprint == wanted:
            return card.file
    retired = {entry.fingerprint: entry for entry in _parsed(_retired(folder), _retired_codecs)}
    if wanted in retired:
        name, last = retired[wanted].name, retired[wanted].last_version
        raise CodecMismatch(
            f"the stream was made with the packaged codec {name}, which litcodec has up to version {last}; "
            f"use litcodec {last}, or give that codec's file with -c."
        )
    raise CodecMismatch(
        f"the stream was made with codec {wanted}, which is none of the packaged ones; "
        "give the codec file it was made with, -c CODEC."
    )


def _retired(folder: Path) -> Path:
    return folder / "retired.json"


def _card(path: Path) -> Card:
    """Raises ``CodecFileError`` if the file is not a card; names the key."""
    whole = {"name": path.stem, "folder": path.parent}
    return _parsed(path, lambda found: _complete(_record(Card, {**found, **whole})))


def _complete(card: Card) -> Card:
    """Raises ``ValueError`` if neither kind of figures is there, or half of one."""
    if (card.lossless is None) == (card.kodak is None) or (card.lmbda is None) != (card.kodak is None):
        raise ValueError("it should have the keys lmbda and kodak, or else the key lossless")
    return card


def _retired_codecs(found: list[object]) -> list[Retired]:
    return [_record(Retired, entry) for entry in found]


def _parsed(path: Path, make: Callable[[Any], T]) -> T:
    """What ``make`` makes of a JSON file."""
    try:
        return make(json.loads(path.read_bytes()))
    except OSError as error:
        raise CodecFileError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise CodecFileError(f"{path} is damaged: {error}; install litcodec again.") from error


def _record(cls: Any, found: object, where: str = "") -> Any:
    """A NamedTuple of an object with just its keys. Raises ``ValueError`` with the key that is wrong."""
    hints = get_type_hints(cls)
    if not isinstance(found, dict) or not set(hints) - set(cls._field_defaults) <= set(found) <= set(hints):
        raise ValueError(f"{where or 'it'} should be an object with the keys {', '.join(hints)}")
    return cls(**{key: _value(hints[key], value, f"{where}{key}") for key, value in found.items()})


def _value(hint: Any, found: object, where: str) -> Any:
    if isinstance(hint, UnionType):  # X | None; what is not there is None, never written so
        return _value(get_args(hint)[0], found, where)
    if hasattr(hint, "_fields"):
        return _record(hint, found, f"{where}.")
    items = get_args(hint)
    if get_origin(hint) is dict and isinstance(found, dict):
        return {_value(items[0], key, where): _value(items[1], value, where) for key, value in found.items()}
    if get_origin(hint) is list and isinstance(found, list):
        return [_value(items[0], value, where) for value in found]
    if get_origin(hint) is tuple and isinstance(found, (list, tuple)):
        kinds = [items[0]] * len(found) if items[-1] is Ellipsis else items
        if len(kinds) == len(found):
            return tuple(_value(kind, value, where) for kind, value in zip(kinds, found, strict=True))
    number = type(found) in (int, float)
    if hint is float and number and abs(found) < 1e15:  # type: ignore[arg-type]  # not nan either
        return float(found)  # type: ignore[arg-type]
    if hint is int and type(found) is int and 0 <= found < 2**63:
        return found
    if (
        hint in (str, bool)
        and type(found) is hint
        and len(str(found)) <= TEXT_MAX
        and str(found).isprintable()
    ):
        return found
    if hint is Path and isinstance(found, Path):
        return found
    raise ValueError(f"{where} should be {getattr(hint, '__name__', hint)}, not {shortened(found)}")
