"""Figures for papers, as PNG or SVG: panels in a row over one legend. The same values give the same bytes."""

import io
import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from litcodec.report.styles import Style

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


def print_file(
    form: Literal["png", "svg"],
    panels: Sequence[Callable[[Axes], None]],
    legend: Sequence[tuple[str, Style]],
) -> bytes:
    """A figure's file.

    Args:
        form: of the file.
        panels: each draws one.
        legend: names and looks.
    """
    # The caller's own settings of matplotlib must not change the figure, nor ours the caller's.
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(PRINT)
        figure = _figure(panels, legend)
        file = io.BytesIO()
        figure.savefig(
            file, format=form, dpi=DPI, metadata={"Date": None} if form == "svg" else {"Software": None}
        )
    return file.getvalue()


def _figure(panels: Sequence[Callable[[Axes], None]], legend: Sequence[tuple[str, Style]]) -> Figure:
    width = PANEL_WIDTH * len(panels)
    columns = _legend_columns([len(name) for name, _ in legend], width)
    rows = math.ceil(len(legend) / columns)
    figure = Figure(figsize=(width, PANEL_HEIGHT + LEGEND_ROW * rows + 0.1), layout="constrained")
    FigureCanvasAgg(figure)
    for k, panel in enumerate(panels):
        panel(figure.add_subplot(1, len(panels), k + 1))
    figure.legend(
        [Line2D([], [], **look(style)) for _, style in legend],
        [name for name, _ in legend],
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


def look(style: Style) -> dict[str, Any]:
    """How matplotlib draws a curve: colour, line and marker."""
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
