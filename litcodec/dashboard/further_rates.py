"""Measures a variable-rate codec at further qualities."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from litcodec.codecs import Codec
from litcodec.dashboard.drawn_metrics import drawn_metrics
from litcodec.dashboard.validation import ObservedImage
from litcodec.evaluation.curves import CurvePoint, curve_point
from litcodec.measure_image import CodecCoder, measure_image
from litcodec.metrics import Metric, mean_of_finite


class RatePoint(NamedTuple):
    """One image at one rate, from real bytes."""

    quality: float  # 1 to 100
    lmbda: float
    image: str
    bytes: int
    bpp: float
    scores: Mapping[str, float]  # by metric


def rate_points(
    image: ObservedImage, qualities: Sequence[float], metrics: Sequence[Metric]
) -> list[RatePoint]:
    """An image at each of ``qualities``; none, if its codec has but one rate."""
    codec = image.codec
    if codec.qualities is None:
        return []
    found = []
    for quality in qualities:
        at = codec.at_quality(quality)
        measured = measure_image(CodecCoder(at), image.x, metrics)
        lmbda = math.nan if at.training.lmbda is None else at.training.lmbda
        rate = len(measured.data), measured.bpp
        found.append(RatePoint(quality, lmbda, image.name, *rate, measured.scores))
    return found


def rate_means(
    codec: Codec, points: Sequence[RatePoint], qualities: Sequence[float], metrics: Sequence[Metric]
) -> dict[str, float]:
    """What is logged of a validation, the same names whatever happened in it.

    Args:
        codec: that was watched.
        points: of all images; none if the codec could not be frozen.
        qualities: that were asked for.
        metrics: that were measured; those that are drawn are logged.

    Returns:
        For codecs of several rates ``val_q25/bpp``, ``val_q25/psnr`` and so on of each quality, means of
        finite values; where no image has one (all too small for MS-SSIM), the mean is missing.
    """
    if codec.lmbda_range is None:
        return {}
    means = {}
    for quality in qualities:
        measured = [point for point in points if point.quality == quality]
        values = {"bpp": [point.bpp for point in measured]}
        values |= {m.name: [point.scores[m.name] for point in measured] for m in drawn_metrics(metrics)}
        for name, found in values.items():
            mean = mean_of_finite(found)
            if mean.number or not measured or any(map(math.isinf, found)):
                means[f"val_q{quality:g}/{name}"] = mean.value
    return means


def rate_curve(points: Sequence[RatePoint]) -> list[CurvePoint]:
    """Means over the images at each quality, for drawing."""
    return [
        curve_point(
            f"q {quality:g}",
            measured[0].lmbda,
            [point.bpp for point in measured],
            [point.scores for point in measured],
        )
        for quality in dict.fromkeys(point.quality for point in points)
        for measured in [[point for point in points if point.quality == quality]]
    ]
