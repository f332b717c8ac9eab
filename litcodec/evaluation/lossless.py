"""Lossless codecs: bits of the file per 8-bit value of the image."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from litcodec.evaluation.merging import Measured
from litcodec.evaluation.results import Score
from litcodec.metrics import mean_of_finite

CHANNELS = 3


class LosslessPoint(NamedTuple):
    """One codec at one setting, all of whose files restore every pixel."""

    curve: str
    setting: str
    kind: Literal["codec", "baseline"]
    bits_per_sub_pixel: float  # the mean over the images
    encode_s: float | None  # their mean
    decode_s: float | None
    images: Mapping[str, float]  # bits per sub-pixel of each


def lossless_points(measured: Sequence[Measured]) -> tuple[LosslessPoint, ...]:
    """Those of the points that are lossless, by rising bits per sub-pixel.

    Lossless is what has an infinite PSNR on every image; where PSNR was not measured nothing is known.
    """
    found = [_point(entry) for entry in measured if entry.point.scores and _lossless(entry.point.scores)]
    return tuple(sorted(found, key=lambda point: point.bits_per_sub_pixel))


def _lossless(scores: Sequence[Score]) -> bool:
    return all(score.values.get("psnr", 0.0) == math.inf for score in scores)


def _point(entry: Measured) -> LosslessPoint:
    point, scores = entry.point, entry.point.scores
    images = {score.image: score.bpp / CHANNELS for score in scores}
    encode, decode = (mean_of_finite(s.encode_s for s in scores), mean_of_finite(s.decode_s for s in scores))
    return LosslessPoint(
        entry.curve,
        point.setting,
        point.kind,
        mean_of_finite(images.values()).value,
        encode.value if encode.number else None,
        decode.value if decode.number else None,
        images,
    )
