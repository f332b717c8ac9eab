"""Colours and lines of curves: the same on the page, on the dashboard and in print."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from litcodec.evaluation.curves import Curve, CurvePoint
from litcodec.metrics import MetricInfo

RATE_LABEL = "Rate, bits per pixel"
# Distinct with any colour vision, on white as on black: Okabe and Ito's, without their black and yellow;
# then two more. Figures have 7 markers and 5 dashes for 8 and 6 colours: pairs repeat late.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a63d2", "#8c6d31")
# Published curves: the quieter half of Tol's "muted" scheme, which also reads on both grounds.
PUBLISHED_COLOURS = ("#888888", "#aa4499", "#44aa99", "#999933", "#882255", "#6a7fd0")
MARGIN = 0.04  # of the range that the points span


class Style(NamedTuple):
    """How a curve is drawn."""

    colour: str
    measured: bool  # solid with markers, else thin and dashed
    place: int  # among those of its sort: its marker or its dashes


class View(NamedTuple):
    """The part of a figure that is shown at first."""

    x: tuple[float, float]
    y: tuple[float, float]


def curve_styles(curves: Sequence[Curve]) -> tuple[Style, ...]:
    """One style per curve; each depends only on the curves before it."""
    styles = []
    seen = {True: 0, False: 0}
    for curve in curves:
        measured = curve.kind != "published"
        palette = COLOURS if measured else PUBLISHED_COLOURS
        styles.append(Style(palette[seen[measured] % len(palette)], measured, seen[measured]))
        seen[measured] += 1
    return tuple(styles)


def styles_by_name(curves: Sequence[Curve]) -> dict[str, Style]:
    """The style of each curve, in the order given."""
    return {curve.name: style for curve, style in zip(curves, curve_styles(curves), strict=True)}


def drawn(curves: Sequence[Curve], metric: MetricInfo) -> Iterator[tuple[Curve, Style, list[CurvePoint]]]:
    """The curves that have ``metric``, and their points that have it."""
    for curve, style in zip(curves, curve_styles(curves), strict=True):
        points = [point for point in curve.points if metric.name in point.scores]
        if points:
            yield curve, style, points


def metrics_of(curves: Sequence[Curve], metrics: Sequence[MetricInfo]) -> list[MetricInfo]:
    """The metrics to draw: those that at least one curve has; of MS-SSIM its dB alone, if they are there."""
    names = {metric.name for metric in metrics}
    wanted = [metric for metric in metrics if metric.name != "ms_ssim" or "ms_ssim_db" not in names]
    return [metric for metric in wanted if next(drawn(curves, metric), None)]


def view(curves: Sequence[Curve], metric: MetricInfo) -> View:
    """What to show at first: the rates of what was measured, and all quality there is at these rates.

    Args:
        curves: at least one of them with ``metric``.
        metric: on the y axis.
    """
    found = [(style.measured, point) for _, style, points in drawn(curves, metric) for point in points]
    rates = [point.bpp for measured, point in found if measured] or [point.bpp for _, point in found]
    right = max(rates) * (1 + MARGIN)
    heights = [point.scores[metric.name] for _, point in found if point.bpp <= right]
    low, high = min(heights), max(heights)
    space = MARGIN * (high - low) or 1.0
    return View((0.0, right), (low - space, high + space))
