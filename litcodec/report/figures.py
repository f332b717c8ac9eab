"""Interactive rate-distortion curves, for the page and the dashboard."""

from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go

from litcodec.evaluation.curves import Curve, CurvePoint
from litcodec.metrics import SHIPPED, MetricInfo, infos
from litcodec.report.styles import RATE_LABEL, drawn, view

MARKERS = ("circle", "square", "diamond", "triangle-up", "x", "star", "cross")
DASHES = ("dash", "dot", "dashdot", "longdash", "longdashdot")
GRID = "rgba(128, 128, 128, 0.25)"  # to be seen on white and on black


def rd_figure(
    curves: Sequence[Curve], metric: MetricInfo, metrics: Sequence[MetricInfo] = infos(SHIPPED)
) -> go.Figure:
    """Quality over rate, one trace for every curve that has ``metric``, in the order given.

    Curves look alike in all figures made of the same ``curves``. No ground and no colour of text is set:
    they are the page's to choose.

    Args:
        curves: measured ones are drawn solid with markers, published ones thin and dashed.
        metric: on the y axis.
        metrics: whose values hovering shows.
    """
    figure = go.Figure(layout={"template": go.layout.Template()})
    for curve, style, points in drawn(curves, metric):
        measured = style.measured
        figure.add_scatter(
            name=curve.name,
            x=[point.bpp for point in points],
            y=[point.scores[metric.name] for point in points],
            mode="lines+markers" if measured else "lines",
            line={
                "color": style.colour,
                "width": 2.2 if measured else 1.3,
                "dash": "solid" if measured else DASHES[style.place % len(DASHES)],
            },
            marker={"symbol": MARKERS[style.place % len(MARKERS)], "size": 7} if measured else None,
            hovertext=[_words(curve.name, point, metrics) for point in points],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    lay_out(figure, {"title": {"text": RATE_LABEL}}, {"title": {"text": metric.title}})
    if figure.data:
        shown = view(curves, metric)
        figure.update_xaxes(range=shown.x)
        figure.update_yaxes(range=shown.y)
    return figure


def lay_out(figure: go.Figure, xaxis: Mapping[str, object], yaxis: Mapping[str, object]) -> None:
    """Give a figure axes, on the ground of whatever page it is on."""
    axis = {"gridcolor": GRID, "zeroline": False, "showline": True, "linecolor": GRID, "ticks": "outside"}
    figure.update_layout(
        xaxis={**axis, **xaxis},
        yaxis={**axis, **yaxis},
        hovermode="closest",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 60, "r": 20, "t": 30, "b": 50},
    )


def _words(name: str, point: CurvePoint, metrics: Sequence[MetricInfo]) -> str:
    """What hovering says of a point."""
    images = "1 image" if point.images == 1 else f"{point.images} images"
    lines = [f"<b>{escape(name)}</b>", f"{escape(point.setting)}, {images}"]
    if point.lmbda is not None:
        lines.append(f"λ = {point.lmbda:g}")
    lines.append(f"{point.bpp:.4f} bpp")
    for metric in metrics:
        if metric.name in point.scores:
            value = f"{point.scores[metric.name]:.{metric.digits}f} {metric.unit}".strip()
            lines.append(f"{escape(metric.label)} {escape(value)}")
    for label, seconds in (("encoded in", point.encode_s), ("decoded in", point.decode_s)):
        if seconds is not None:
            lines.append(f"{label} {seconds:.3f} s")
    return "<br>".join(lines)
