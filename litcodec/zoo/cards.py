"""What is known of a packaged codec: the numbers of its model card, and where its file lies.

For each codec three files lie here: ``NAME.safetensors``, ``NAME.json`` (what ``litcodec codecs`` shows) and
``NAME.md`` (the model card, for people). A codec is never changed, as streams name it by its fingerprint: a
better one gets another name and becomes the default. One that is taken out of the package leaves its
fingerprint in ``retired.json``.
"""

import json
from pathlib import Path
from typing import NamedTuple

from litcodec.errors import CodecFileError, CodecMismatch

FOLDER = Path(__file__).resolve().parent


class Kodak(NamedTuple):
    """Measured on the 24 Kodak pictures, real files; BD-rates in %, negative is better."""

    bpp: tuple[float, float]  # mean bits per pixel at q 1 and at q 100
    psnr_rgb: tuple[float, float]  # dB, likewise
    bd_rate_psnr: dict[str, float]  # of the mean curves, by baseline
    bd_rate_ms_ssim: dict[str, float]  # of MS-SSIM in dB
    # The mean of per-image BD-rates, its standard deviation, number of images; older cards lack it.
    bd_rate_images_psnr: dict[str, list[float]] = {}  # noqa: RUF012
    bd_rate_images_ms_ssim: dict[str, list[float]] = {}  # noqa: RUF012


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
    lmbda: tuple[float, float]
    kodak: Kodak
    training: Training
    default: bool
    folder: Path

    @property
    def file(self) -> Path:
        """The codec file."""
        return self.folder / f"{self.name}.safetensors"


def packaged_cards(folder: Path = FOLDER) -> tuple[Card, ...]:
    """All packaged codecs, the default first."""
    cards = [_card(path) for path in sorted(folder.glob("*.json")) if path != _retired(folder)]
    return tuple(sorted(cards, key=lambda card: not card.default))


def default_card(folder: Path = FOLDER) -> Card:
    """The codec that is meant where none is named.

    Raises:
        CodecFileError: if none is installed.
    """
    cards = packaged_cards(folder)
    if not cards or not cards[0].default:
        raise CodecFileError("no packaged codec is installed; give a codec file with -c CODEC.")
    return cards[0]


def codec_path(named: Path, folder: Path = FOLDER) -> Path:
    """The file that is meant: a packaged codec's, if ``named`` is the name of one and no file."""
    files = {card.name: card.file for card in packaged_cards(folder)}
    return named if named.exists() else files.get(str(named), named)


def packaged_codec(fingerprint: bytes, folder: Path = FOLDER) -> Path:
    """The packaged codec file that made a stream.

    Args:
        fingerprint: as the stream tells it.
        folder: where to look.

    Raises:
        CodecMismatch: if none of those that are here made it; it says which litcodec had it, if any.
    """
    wanted = fingerprint.hex()
    for card in packaged_cards(folder):
        if card.fingerprint == wanted:
            return card.file
    retired = {entry["fingerprint"]: Retired(**entry) for entry in json.loads(_retired(folder).read_text())}
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
    found = json.loads(path.read_text())
    kodak, training = found.pop("kodak"), found.pop("training")
    return Card(
        **{**found, "lmbda": tuple(found["lmbda"])},
        name=path.stem,
        kodak=Kodak(**{**kodak, "bpp": tuple(kodak["bpp"]), "psnr_rgb": tuple(kodak["psnr_rgb"])}),
        training=Training(**{**training, "licences": tuple(training["licences"])}),
        folder=path.parent,
    )
