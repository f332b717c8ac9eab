"""Interactive perception-distortion planes, for the page and the dashboard."""

from collections.abc import Mapping, Sequence
from html import escape

import plotly.graph_objects as go

from litcodec.evaluation.curves import Curve
from litcodec.report.figures import MARKERS, lay_out
from litcodec.report.planes import Plane, PlanePoint
from litcodec.report.styles import Style, styles_by_name

MSE_LABEL = "Distortion: MSE of 8-bit levels"
BOUND_LABEL = "2 × lowest MSE"
FLOOR_LABEL = "originals against originals"
ROOM = 1.06  # of an axis: beyond its largest value


def plane_figures(planes: Sequence[Plane], curves: Sequence[Curve]) -> list[go.Figure]:
    """A figure for each plane of a report; curves look as in its rate-distortion figures."""
    styles = styles_by_name(curves)
    return [plane_figure(plane, styles) for plane in planes]


def plane_figure(plane: Plane, styles: Mapping[str, Style]) -> go.Figure:
    """Divergence over MSE, one trace for every curve; lower and further left is better.

    Args:
        plane: at least two points.
        styles: of each curve, by name, as in the rate-distortion figures.
    """
    figure = go.Figure(layout={"template": go.layout.Template()})
    for name in dict.fromkeys(point.curve for point in plane.points):
        style, points = styles[name], [point for point in plane.points if point.curve == name]
        figure.add_scatter(
            name=name,
            x=[point.mse for point in points],
            y=[point.divergence for point in points],
            error_x=_bars([(p.mse_low, p.mse, p.mse_high) for p in points]),
            error_y=_bars([(p.low, p.divergence, p.high) for p in points]),
            mode="lines+markers",
            line={"color": style.colour, "width": 2.2},
            marker={"symbol": MARKERS[style.place % len(MARKERS)], "size": 8},
            hovertext=[_words(point, plane) for point in points],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    _references(figure, plane)
    right, top = extent(plane)
    lay_out(
        figure,
        {"title": {"text": MSE_LABEL}, "range": [0, right]},
        {"title": {"text": plane.metric.title}, "range": [0, top], "automargin": True},
    )
    return figure


def extent(plane: Plane) -> tuple[float, float]:
    """The largest MSE and divergence to show, intervals, bound and floor included."""
    right = max(plane.mse_bound, *(point.mse_high for point in plane.points))
    top = max(plane.floor or 0.0, *(point.high for point in plane.points))
    return ROOM * (right or 1.0), ROOM * (top or 1.0)


def _references(figure: go.Figure, plane: Plane) -> None:
    """The bound of theory and what the metric finds between originals."""
    line = {"color": "#888888", "width": 1.2}
    if plane.mse_bound > 0:
        figure.add_shape(
            type="line", x0=plane.mse_bound, x1=plane.mse_bound, y0=0, y1=1, yref="paper",
            line={**line, "dash": "dash"},
        )  # fmt: skip
        figure.add_annotation(
            x=plane.mse_bound, y=1, yref="paper", text=BOUND_LABEL, showarrow=False, xanchor="right",
            yanchor="top", textangle=-90,
        )  # fmt: skip
    if plane.floor is not None:
        figure.add_shape(
            type="line", y0=plane.floor, y1=plane.floor, x0=0, x1=1, xref="paper",
            line={**line, "dash": "dot"},
        )  # fmt: skip
        figure.add_annotation(
            x=0, xref="paper", y=plane.floor, text=FLOOR_LABEL, showarrow=False, xanchor="left",
            yanchor="bottom",
        )  # fmt: skip


def _bars(intervals: list[tuple[float, float, float]]) -> dict[str, object]:
    """Error bars of (low, value, high): lengths, of which none is negative."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, high - value) for _, value, high in intervals],
        "arrayminus": [max(0.0, value - low) for low, value, _ in intervals],
        "thickness": 1.1,
        "width": 3,
    }


def _words(point: PlanePoint, plane: Plane) -> str:
    """What hovering says of a point."""
    digits = plane.metric.digits
    return "<br>".join(
        (
            f"<b>{escape(point.curve)}</b>",
            escape(point.setting),
            f"{point.bpp:.4f} bpp",
            f"MSE {point.mse:.2f} ({point.mse_low:.2f} to {point.mse_high:.2f})",
            f"{escape(plane.metric.label)} {point.divergence:.{digits}f} "
            f"({point.low:.{digits}f} to {point.high:.{digits}f})",
        )
    )
