"""Perception-distortion planes for papers, as PNG or SVG: a panel for each rate, one legend."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from matplotlib.axes import Axes

from litcodec.errors import ResultsError
from litcodec.evaluation.curves import Curve
from litcodec.report.plane_figure import BOUND_LABEL, FLOOR_LABEL, MSE_LABEL, extent
from litcodec.report.planes import MATCHED, Plane
from litcodec.report.print_figure import look, print_file
from litcodec.report.styles import Style, styles_by_name

MOST_PANELS = 6
GREY = "0.45"


def plane_plot(planes: Sequence[Plane], curves: Sequence[Curve], form: Literal["png", "svg"]) -> bytes:
    """The file of all planes, at most six.

    Args:
        planes: of one report.
        curves: all curves of the report, whose colours and markers are those of its other figures.
        form: of the file.

    Raises:
        ResultsError: if there is no plane.
    """
    if not planes:
        raise ResultsError(
            "there is no perception-distortion plane: that takes two points of the same images whose rates "
            f"differ by at most {100 * (MATCHED - 1):.0f} %, with PSNR and a metric of sets. Measure them "
            "with: litcodec evaluate --metrics psnr,effnet_frechet."
        )
    shown = planes[:MOST_PANELS]
    names = {point.curve for plane in shown for point in plane.points}
    styled = [(name, style) for name, style in styles_by_name(curves).items() if name in names]
    return print_file(form, [partial(_panel, plane=plane, styled=styled) for plane in shown], styled)


def _panel(axes: Axes, plane: Plane, styled: Sequence[tuple[str, Style]]) -> None:
    for name, style in styled:
        points = [point for point in plane.points if point.curve == name]
        if not points:
            continue
        x, y = [point.mse for point in points], [point.divergence for point in points]
        across = [[max(0, p.mse - p.mse_low) for p in points], [max(0, p.mse_high - p.mse) for p in points]]
        up = [[max(0, p.divergence - p.low) for p in points], [max(0, p.high - p.divergence) for p in points]]
        axes.errorbar(
            x, y, up, across, fmt="none", ecolor=style.colour, elinewidth=0.7, capsize=1.5, zorder=2
        )
        axes.plot(x, y, **look(style))
    right, top = extent(plane)
    if plane.mse_bound > 0:
        axes.axvline(plane.mse_bound, color=GREY, linewidth=0.8, linestyle="--", zorder=1)
        axes.text(
            plane.mse_bound, 0.98 * top, f"{BOUND_LABEL} ", rotation=90, ha="right", va="top", color=GREY,
            fontsize=6,
        )  # fmt: skip
    if plane.floor is not None:
        axes.axhline(plane.floor, color=GREY, linewidth=0.8, linestyle=":", zorder=1)
        axes.text(0.01 * right, plane.floor, FLOOR_LABEL, ha="left", va="bottom", color=GREY, fontsize=6)
    axes.set_xlim(0, right)
    axes.set_ylim(0, top)
    axes.set_title(f"{plane.title}, {plane.images} images", fontsize=7.5)
    axes.set_xlabel(MSE_LABEL)
    axes.set_ylabel(plane.metric.title)
    axes.grid(color="0.92", linewidth=0.5)
    axes.set_axisbelow(True)
