"""Rate-distortion curves, measured or published, in one form."""

from typing import Literal, NamedTuple


class CurvePoint(NamedTuple):
    """Means over the pictures at one setting. None where nothing was measured or published."""

    setting: str
    lmbda: float | None
    images: int
    bpp: float
    psnr_rgb: float | None  # dB, mean of the pictures' values
    psnr_luma: float | None
    ms_ssim: float | None
    ms_ssim_db: float | None  # mean of the pictures' dB
    encode_s: float | None
    decode_s: float | None


class Curve(NamedTuple):
    """One codec at several rates."""

    name: str
    kind: Literal["codec", "anchor", "published"]
    source: str
    points: tuple[CurvePoint, ...]  # by rising bpp
