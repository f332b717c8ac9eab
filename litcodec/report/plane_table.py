"""Perception-distortion planes as Markdown tables."""

from litcodec.report.markdown import cell, markdown_table
from litcodec.report.planes import Plane, PlanePoint, Planes


def perception(planes: Planes) -> list[str]:
    """A heading and a table for each plane, then what is in none."""
    parts: list[str] = []
    for plane in planes.planes:
        title = f"## Perception-distortion, {plane.title}, {plane.images} images"
        parts += [title, _table(plane), _references(plane)]
    if planes.alone:
        names = "; ".join(f"{p.curve}, {p.setting} ({p.bpp:.4f} bpp)" for _, p in planes.alone)
        parts.append(f"Not compared, as no other point has their rate within 2 %: {cell(names)}.")
    return parts


def _table(plane: Plane) -> str:
    head = ["codec", "setting", "bpp", "MSE (95 %)", f"{plane.metric.title} (95 %)"]
    return markdown_table(head, [_row(point, plane.metric.digits) for point in plane.points], words=2)


def _row(point: PlanePoint, digits: int) -> list[str]:
    return [
        point.curve,
        point.setting,
        f"{point.bpp:.4f}",
        f"{point.mse:.2f} ({point.mse_low:.2f} to {point.mse_high:.2f})",
        f"{point.divergence:.{digits}f} ({point.low:.{digits}f} to {point.high:.{digits}f})",
    ]


def _references(plane: Plane) -> str:
    floor = "unknown" if plane.floor is None else f"{plane.floor:.{plane.metric.digits}f}"
    return (
        f"Twice the lowest MSE: {plane.mse_bound:.2f}; more no optimal decoder needs for perfect realism. "
        f"Between two halves of the originals the distance is {floor}."
    )
