"""Rate-distortion curves for papers, as PNG or SVG. The same curves give the same bytes."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from litcodec.errors import ResultsError
from litcodec.evaluation.curves import Curve
from litcodec.metrics import SHIPPED, MetricInfo, infos
from litcodec.report.print_figure import look, print_file
from litcodec.report.styles import RATE_LABEL, drawn, metrics_of, styles_by_name, view


def plot(
    curves: Sequence[Curve], form: Literal["png", "svg"], metrics: Sequence[MetricInfo] = infos(SHIPPED)
) -> bytes:
    """One panel for every metric there is, with one legend.

    Args:
        curves: measured ones are drawn solid with markers, published ones thin and dashed.
        form: of the file.
        metrics: a panel for each.

    Returns:
        The file.

    Raises:
        ResultsError: if no curve has a quality that could be drawn.
    """
    shown = metrics_of(curves, metrics)
    if not shown:
        raise ResultsError("there is nothing to draw: no curve has a finite value of any metric.")
    panels = [partial(_panel, curves=curves, metric=metric) for metric in shown]
    return print_file(form, panels, list(styles_by_name(curves).items()))


def _panel(axes: Axes, curves: Sequence[Curve], metric: MetricInfo) -> None:
    for _, style, points in drawn(curves, metric):
        rates = [point.bpp for point in points]
        axes.plot(rates, [point.scores[metric.name] for point in points], **look(style))
    shown = view(curves, metric)
    axes.set_xlim(shown.x)
    axes.set_ylim(shown.y)
    axes.set_xlabel(RATE_LABEL)
    axes.set_ylabel(metric.title)
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    axes.grid(color="0.92", linewidth=0.5)
    axes.set_axisbelow(True)
