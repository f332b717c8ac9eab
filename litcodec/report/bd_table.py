"""Every curve against every other as yardstick."""

from collections.abc import Mapping, Sequence
from typing import get_args

from litcodec.errors import CurveError
from litcodec.evaluation.curves import Curve
from litcodec.metrics import bd_quality, bd_rate, ms_ssim_db
from litcodec.report.data import BDEntry, Metric


def bd_table(curves: Sequence[Curve], pictures: Mapping[str, frozenset[str]]) -> tuple[BDEntry, ...]:
    """BD-rate and BD-quality of all ordered pairs of curves, for each metric.

    Against published curves the MS-SSIM of measured points is taken as publications do: the dB of the mean.

    Args:
        curves: of one report.
        pictures: what each curve was measured on. Means over other pictures are other curves, so those of
            different sets are not compared.

    Returns:
        Refusals, in words, included. Curves that share qualities but no rate have a BD-rate alone.
    """
    return tuple(
        _entry(anchor, test, metric, pictures)
        for metric in get_args(Metric)
        for anchor in curves
        for test in curves
        if test.name != anchor.name
    )


def _entry(anchor: Curve, test: Curve, metric: Metric, pictures: Mapping[str, frozenset[str]]) -> BDEntry:
    refused = BDEntry(anchor.name, test.name, metric, None, None, None, None, "")
    ours, theirs = pictures[test.name], pictures[anchor.name]
    if ours != theirs:
        few, many = sorted((len(ours), len(theirs)))
        return refused._replace(
            reason=f"measured on different pictures: {few} and {many}, {len(ours & theirs)} in common."
        )
    of_means = "published" in (anchor.kind, test.kind)
    points = _pairs(anchor, metric, of_means=of_means), _pairs(test, metric, of_means=of_means)
    try:
        rate = bd_rate(*points)
    except CurveError as error:
        return refused._replace(reason=str(error))
    try:
        quality = bd_quality(*points).value
    except CurveError:  # equal qualities, but at rates that are nowhere equal
        quality = None
    return BDEntry(anchor.name, test.name, metric, rate.value, quality, rate.low, rate.high, None)


def _pairs(curve: Curve, metric: Metric, *, of_means: bool) -> list[tuple[float, float]]:
    """Rate and quality of the points that have the metric."""
    found = [point for point in curve.points if getattr(point, metric) is not None]
    if metric == "ms_ssim_db" and of_means:
        # Publications give the dB of the mean MS-SSIM, which lies below the mean of the pictures' dB.
        return [(point.bpp, ms_ssim_db(point.ms_ssim)) for point in found if point.ms_ssim is not None]
    return [(point.bpp, getattr(point, metric)) for point in found]
