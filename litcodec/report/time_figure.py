"""Charts of BD-rate over time, interactive for the page, and as PNG or SVG for papers."""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Literal

import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from litcodec.errors import ResultsError
from litcodec.evaluation.curves import Curve
from litcodec.report.figures import MARKERS, lay_out
from litcodec.report.print_figure import look, print_file
from litcodec.report.styles import Style, styles_by_name
from litcodec.report.time_charts import TimeChart


def time_figures(charts: Sequence[TimeChart], curves: Sequence[Curve]) -> list[go.Figure]:
    """A figure for each chart of a report; curves look as in its rate-distortion figures."""
    styles = styles_by_name(curves)
    return [_figure(chart, styles) for chart in charts]


def time_plot(charts: Sequence[TimeChart], curves: Sequence[Curve], form: Literal["png", "svg"]) -> bytes:
    """The file of all charts, a panel each.

    Args:
        charts: of one report.
        curves: all curves of the report, whose colours and markers are those of its other figures.
        form: of the file.

    Raises:
        ResultsError: if there is no chart.
    """
    if not charts:
        raise ResultsError(
            "there is no BD-rate to draw over time: that takes two measured curves of the same images, of "
            "four points each. Measure them with: litcodec evaluate --qualities 20,40,60,80 --baselines avif."
        )
    names = {point.curve for chart in charts for point in chart.points}
    styled = {name: style for name, style in styles_by_name(curves).items() if name in names}
    return print_file(
        form, [partial(_panel, chart=chart, styles=styled) for chart in charts], list(styled.items())
    )


def _figure(chart: TimeChart, styles: Mapping[str, Style]) -> go.Figure:
    figure = go.Figure(layout={"template": go.layout.Template()})
    for point in chart.points:
        style = styles[point.curve]
        figure.add_scatter(
            name=point.curve,
            x=[point.seconds],
            y=[point.bd_rate],
            mode="markers",
            line={"color": style.colour},
            marker={"symbol": MARKERS[style.place % len(MARKERS)], "size": 9, "color": style.colour},
            hovertext=f"<b>{escape(point.curve)}</b><br>{point.seconds:.3g} s<br>{point.bd_rate:+.1f} %",
            hovertemplate="%{hovertext}<extra></extra>",
        )
    ends = (0.9 * chart.ticks[0], 1.1 * chart.ticks[-1])
    ticks = {
        "tickvals": chart.ticks,
        "ticktext": [f"{tick:g}" for tick in chart.ticks],
        "range": [math.log10(end) for end in ends],
    }
    lay_out(
        figure,
        {"title": {"text": chart.seconds_label}, "type": "log", **ticks},
        {"title": {"text": escape(chart.rate_label)}, "automargin": True},
    )
    return figure


def _panel(axes: Axes, chart: TimeChart, styles: Mapping[str, Style]) -> None:
    for point in chart.points:
        axes.plot([point.seconds], [point.bd_rate], **{**look(styles[point.curve]), "linestyle": "none"})
    axes.set_xscale("log")
    axes.set_xlim(0.9 * chart.ticks[0], 1.1 * chart.ticks[-1])
    axes.set_xticks(chart.ticks, [f"{tick:g}" for tick in chart.ticks])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(chart.seconds_label)
    axes.set_ylabel(f"{chart.rate_label}, {chart.metric.label}")
    axes.grid(color="0.92", linewidth=0.5)
    axes.set_axisbelow(True)
