"""The other rates of a codec of variable rate, in numbers."""

import math
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from callbacks.validation import ObservedImage
from litcodec.bitstream import pack
from litcodec.codecs import Codec
from litcodec.evaluation.curves import CurvePoint
from litcodec.metrics import bpp, quality
from litcodec.types import Compressed

LOGGED = ("bpp", "psnr", "ms_ssim_db")


class RatePoint(NamedTuple):
    """One image at one rate, from real bytes."""

    quality: float  # 1 to 100
    lmbda: float
    image: str
    bytes: int
    bpp: float
    psnr: float  # RGB, dB
    psnr_luma: float  # dB
    ms_ssim: float  # nan below 161 pixels a side
    ms_ssim_db: float


def rate_points(image: ObservedImage, qualities: Sequence[float]) -> list[RatePoint]:
    """An image at each of ``qualities``; none, if its codec has but one rate."""
    codec = image.codec
    if codec.qualities is None:
        return []
    found = []
    for q in qualities:
        at = codec.at_quality(q)
        strings = at.encode(image.x).strings
        length = len(pack(Compressed(strings, image.size), codec.fingerprint))
        x_hat = codec.decode(strings, image.size).to(image.x.device)
        rate = length, bpp(length, image.size)
        assert at.training.lmbda is not None
        found.append(RatePoint(q, at.training.lmbda, image.name, *rate, *quality(image.x, x_hat)))
    return found


def rate_means(codec: Codec, points: Sequence[RatePoint], qualities: Sequence[float]) -> dict[str, float]:
    """What is logged of a validation, the same names whatever happened in it.

    Args:
        codec: that was watched.
        points: of all images; none if the codec could not be frozen.
        qualities: that were asked for.

    Returns:
        For codecs of variable rate ``val_q25/bpp``, ``val_q25/psnr`` and ``val_q25/ms_ssim_db`` of each
        quality; images too small for MS-SSIM are left out of its mean, which is missing if all are.
    """
    if codec.lmbda_range is None:
        return {}
    means = {}
    for q in qualities:
        measured = [point for point in points if point.quality == q]
        for name in LOGGED:
            mean = _mean_of_known([getattr(point, name) for point in measured])
            if mean is not None or not measured:
                means[f"val_q{q:g}/{name}"] = math.nan if mean is None else mean
    return means


def rate_curve(points: Sequence[RatePoint]) -> list[CurvePoint]:
    """Means over the images at each quality, for drawing."""
    return [
        CurvePoint(
            setting=f"q {q:g}",
            lmbda=measured[0].lmbda,
            images=len(measured),
            bpp=fmean(point.bpp for point in measured),
            psnr_rgb=fmean(point.psnr for point in measured),
            psnr_luma=fmean(point.psnr_luma for point in measured),
            ms_ssim=_mean_of_known([point.ms_ssim for point in measured]),
            ms_ssim_db=_mean_of_known([point.ms_ssim_db for point in measured]),
            encode_s=None,
            decode_s=None,
        )
        for q in dict.fromkeys(point.quality for point in points)
        for measured in [[point for point in points if point.quality == q]]
    ]


def _mean_of_known(values: Sequence[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return fmean(known) if known else None
