"""What an evaluation found, and its file: JSON whose schema is documented in ``SCHEMA.md``."""

from typing import Literal, NamedTuple

SCHEMA_VERSION = 1


class Score(NamedTuple):
    """One picture under one codec at one setting. All from the bytes in ``file`` and what they decode to."""

    image: str  # path below the folder of pictures, with forward slashes
    sha256: str  # of the picture's file
    width: int
    height: int
    bytes: int  # of the whole file
    bpp: float  # 8 * bytes / (width * height)
    psnr_rgb: float  # dB, 8-bit rounded; infinite if nothing was lost
    psnr_luma: float  # dB
    ms_ssim: float  # nan if a side is under 161
    ms_ssim_db: float
    encode_s: float
    decode_s: float
    file: str  # where the bytes are kept, relative to the results file; "" if not kept


class Failure(NamedTuple):
    """A picture that could not be scored."""

    image: str
    reason: str


class Point(NamedTuple):
    """One codec at one setting, over all pictures."""

    curve: str  # points of one name make one curve: "MeanScaleHyperprior N=128 M=192, MSE", "JPEG"
    kind: Literal["codec", "anchor"]
    setting: str  # "lmbda 0.0130", "quality 40"
    source: str  # the codec file's path, or the libraries: "Pillow 12.1, libjpeg-turbo 3.1"
    lmbda: float | None
    fingerprint: str | None  # hexadecimal, codecs only
    scores: tuple[Score, ...]  # sorted by image
    failures: tuple[Failure, ...]


class Machine(NamedTuple):
    """Where times were measured."""

    cpu: str
    cores: int
    threads: int  # that torch used
    device: str  # "cpu", or the GPU's name
    system: str
    python: str
    torch: str
    litcodec: str


class Results(NamedTuple):
    """An evaluation."""

    images: str  # the folder, as given
    created: str  # ISO 8601, UTC
    machine: Machine
    points: tuple[Point, ...]
