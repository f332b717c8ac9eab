"""Rate-distortion curves for papers, as PNG or SVG. The same curves give the same bytes."""

import io
import math
from collections.abc import Sequence
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from litcodec.errors import ResultsError
from litcodec.evaluation.curves import Curve
from litcodec.metrics import SHIPPED, MetricInfo, infos
from litcodec.report.styles import RATE_LABEL, Style, curve_styles, drawn, metrics_of, view

PANEL_WIDTH, PANEL_HEIGHT = 2.9, 2.6  # inches; three panels fit the width of a page of print
LEGEND_ROW, LEGEND_LINE, LETTER = 0.17, 0.55, 0.058  # inches: height; width of a line's look, of a letter
DPI = 300
MARKERS = ("o", "s", "D", "^", "X", "*", "P")
DASHES = ((0, (4, 1.5)), (0, (1, 1.2)), (0, (4, 1.5, 1, 1.5)), (0, (7, 1.5)), (0, (7, 1.5, 1, 1.5, 1, 1.5)))
PRINT: dict[Any, object] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 7.5,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "figure.constrained_layout.wspace": 0.06,
    "text.parse_math": False,  # a codec's name may hold dollars
    "svg.fonttype": "path",  # outlines: looks alike wherever it is opened
    "svg.hashsalt": "litcodec",  # names of elements, else random
}


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
    # The caller's own settings of matplotlib must not change the figure, nor ours the caller's.
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(PRINT)
        figure = _figure(curves, shown)
        file = io.BytesIO()
        figure.savefig(
            file, format=form, dpi=DPI, metadata={"Date": None} if form == "svg" else {"Software": None}
        )
    return file.getvalue()


def _figure(curves: Sequence[Curve], metrics: Sequence[MetricInfo]) -> Figure:
    width = PANEL_WIDTH * len(metrics)
    columns = _legend_columns([len(curve.name) for curve in curves], width)
    rows = math.ceil(len(curves) / columns)
    figure = Figure(figsize=(width, PANEL_HEIGHT + LEGEND_ROW * rows + 0.1), layout="constrained")
    FigureCanvasAgg(figure)
    for k, metric in enumerate(metrics):
        _panel(figure.add_subplot(1, len(metrics), k + 1), curves, metric)
    lines = [Line2D([], [], **_look(style)) for style in curve_styles(curves)]
    figure.legend(
        lines,
        [curve.name for curve in curves],
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        handlelength=3.2,
        columnspacing=1.4,
        fontsize=7,
    )
    return figure


def _legend_columns(letters: Sequence[int], width: float) -> int:
    """The most columns of the legend that fit ``width`` inches, for names of this many letters."""
    for columns in range(len(letters), 1, -1):
        rows = math.ceil(len(letters) / columns)
        widths = (max(letters[k : k + rows]) for k in range(0, len(letters), rows))
        if sum(LEGEND_LINE + LETTER * widest for widest in widths) <= width:
            return columns
    return 1


def _panel(axes: Axes, curves: Sequence[Curve], metric: MetricInfo) -> None:
    for _, style, points in drawn(curves, metric):
        rates = [point.bpp for point in points]
        axes.plot(rates, [point.scores[metric.name] for point in points], **_look(style))
    shown = view(curves, metric)
    axes.set_xlim(shown.x)
    axes.set_ylim(shown.y)
    axes.set_xlabel(RATE_LABEL)
    axes.set_ylabel(metric.title)
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    axes.grid(color="0.92", linewidth=0.5)
    axes.set_axisbelow(True)


def _look(style: Style) -> dict[str, Any]:
    if not style.measured:
        dashes = DASHES[style.place % len(DASHES)]
        return {"color": style.colour, "linewidth": 0.9, "linestyle": dashes, "zorder": 2}
    marker = MARKERS[style.place % len(MARKERS)]
    outline = {"markeredgecolor": "white", "markeredgewidth": 0.4}  # keeps crowded markers apart
    return {
        "color": style.colour,
        "linewidth": 1.1,
        "marker": marker,
        "markersize": 4,
        "zorder": 3,
        **outline,
    }
