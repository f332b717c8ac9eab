"""BD-rates of every curve against every other."""

from collections.abc import Mapping, Sequence

from litcodec.errors import CurveError
from litcodec.evaluation.curves import Curve
from litcodec.evaluation.image_sets import EqualSets, ImageCurve
from litcodec.metrics import MetricInfo
from litcodec.report.data import BDEntry

MOST_ANCHORS = 24
MOST_PAIRS = 2400  # all of 300 curves would be 90,000, each with a BD-rate of every image


def bd_table(
    curves: Sequence[Curve], images: Mapping[str, ImageCurve], metrics: Sequence[MetricInfo]
) -> tuple[BDEntry, ...]:
    """BD-rate and BD-quality of all ordered pairs of curves, for each metric.

    Args:
        curves: of one report.
        images: its measured curves image by image. Means over other images are other curves, so curves of
            different sets are not compared; an image without a finite value leaves the set for all.
        metrics: of the report.

    Returns:
        Refusals, in words, included. Curves that share qualities but no rate have a BD-rate alone.
    """
    anchors = anchors_of(curves)
    entries = []
    for metric in _one_of_each_scale(metrics):
        sets = EqualSets(curves, images, metric)
        entries += [
            _entry(anchor.name, test.name, sets)
            for anchor in anchors
            for test in curves
            if test.name != anchor.name
        ]
    return tuple(entries)


def anchors_of(curves: Sequence[Curve]) -> Sequence[Curve]:
    """The curves that others are compared with: all, or of many the baselines, published and first ones."""
    most = min(MOST_ANCHORS, max(1, MOST_PAIRS // max(1, len(curves))))
    if len(curves) <= most:
        return curves
    ordered = sorted(curves, key=lambda curve: curve.kind == "codec")
    chosen = {curve.name for curve in ordered[:most]}
    return [curve for curve in curves if curve.name in chosen]


def _one_of_each_scale(metrics: Sequence[MetricInfo]) -> list[MetricInfo]:
    """Without MS-SSIM where its dB are there: the same order, but a scale that BD-rates are not made for."""
    names = {metric.name for metric in metrics}
    return [metric for metric in metrics if metric.name != "ms_ssim" or "ms_ssim_db" not in names]


def _entry(anchor: str, test: str, sets: EqualSets) -> BDEntry:
    refused = BDEntry(anchor, test, sets.metric.name, *(None,) * 9, "")
    try:
        found = sets.compare(anchor, test)
    except CurveError as error:
        return refused._replace(reason=str(error))
    each = found.of_images
    return BDEntry(
        anchor=anchor,
        test=test,
        metric=sets.metric.name,
        bd_rate=found.rate.value,
        bd_quality=found.quality,
        low=found.rate.low,
        high=found.rate.high,
        bd_rate_images=None if each is None else each.value,
        bd_rate_std=None if each is None or each.images < 2 else each.std,
        bd_images=None if each is None else each.images,
        images=found.images,
        all_images=found.all_images,
        reason=None,
    )
