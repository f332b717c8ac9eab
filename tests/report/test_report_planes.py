"""The plane compares what was measured on the same images at rates within 2 %, and nothing else."""

import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from litcodec.cli import main
from litcodec.errors import ResultsError
from litcodec.evaluation import Machine, Point, Results, Score, write_results
from litcodec.evaluation.curves import measured_curves
from litcodec.evaluation.merging import Measured
from litcodec.metrics import PSNR, Divergence, MetricInfo
from litcodec.report import plane_figure, plane_plot, planes_of
from litcodec.report.plane_figure import extent
from litcodec.report.styles import curve_styles

FAR = MetricInfo("far", "Distance of <sets>", "", False, 1)
SVG = "{http://www.w3.org/2000/svg}"


def _measured(
    curve: str, setting: str, bpp: float, mses: list[float], value: float, images: str = "i"
) -> Measured:
    scores = tuple(
        Score(
            f"{k}.png", f"{images}{k}", 10, 10, 100, bpp,
            {"psnr": 10 * math.log10(255**2 / mse) if mse else math.inf}, 0.1, 0.1, "",
        )
        for k, mse in enumerate(mses)
    )  # fmt: skip
    found = (Divergence("far", value, value - 1, value + 2, 7.5, len(mses), 1000),)
    return Measured(curve, Point(curve, "codec", setting, "c", None, "00", scores, (), found), 0)


REALISM = [
    _measured("ours", f"realism {r}", 0.3, [20 + 20 * r, 40 + 40 * r], 50 - 40 * r) for r in (0, 0.5, 1)
]
MEASURED = [
    *REALISM,
    _measured("JPEG", "quality 10", 0.304, [50, 60], 90),
    _measured("JPEG", "quality 9", 0.30601, [50, 60], 95),
    _measured("JPEG", "quality 40", 0.9, [5, 6], 9),
    _measured("WebP", "quality 10", 0.3, [1, 2], 3, images="j"),
]


def test_points_of_one_rate_make_a_plane_and_others_are_alone():
    found = planes_of(MEASURED, [FAR])
    assert [[(p.curve, p.setting) for p in plane.points] for plane in found.planes] == [
        [("ours", f"realism {r}") for r in (0, 0.5, 1)] + [("JPEG", "quality 10")],
        [("JPEG", "quality 10"), ("JPEG", "quality 9")],  # 0.30601 is more than 2 % above 0.3
    ]
    assert [(point.curve, point.setting) for _, point in found.alone] == [
        ("JPEG", "quality 40"),
        ("WebP", "quality 10"),  # measured on other images
    ]
    plane = found.planes[0]
    assert (plane.title, plane.images, plane.floor) == ("0.300 to 0.304 bpp", 2, 7.5)
    assert [point.mse for point in plane.points] == pytest.approx([30, 45, 60, 55])
    assert plane.mse_bound == pytest.approx(60)
    assert (plane.points[0].mse_low, plane.points[0].mse_high) == pytest.approx((20, 40))


def test_of_very_many_planes_those_with_most_points_are_shown():
    pairs = [_measured(c, f"{k}", 1.1**k, [20], 9) for k in range(60) for c in ("ours", "JPEG")]
    found = planes_of([*pairs, _measured("WebP", "0", 1.1**59, [20], 9)], [FAR])
    assert (len(found.planes), found.left_out, len(found.planes[-1].points)) == (24, 36, 3)
    assert found.notes == ["Of 60 planes the 24 with most points are shown."]
    assert planes_of(MEASURED, [FAR]).notes == []


def test_the_mean_is_of_mse_not_of_decibels_and_lossless_images_have_none():
    (plane,) = planes_of(
        [_measured("a", "x", 1, [0, 10], 1), _measured("b", "x", 1, [4, 4], 1)], [FAR]
    ).planes
    assert [point.mse for point in plane.points] == pytest.approx([5, 4])
    without = MEASURED[0].point.scores[0]._replace(values={})
    entry = MEASURED[0]._replace(point=MEASURED[0].point._replace(scores=(without,)))
    assert planes_of([entry, entry], [FAR]) == ((), (), 0)


def test_the_figure_shows_points_intervals_bound_and_floor():
    plane = planes_of(MEASURED, [FAR]).planes[0]
    curves = measured_curves(MEASURED)
    styles = {c.name: s for c, s in zip(curves, curve_styles(curves), strict=True)}
    figure = plane_figure(plane, styles)
    assert [trace.name for trace in figure.data] == ["ours", "JPEG"]
    assert list(figure.data[0].x) == pytest.approx([30, 45, 60])
    assert list(figure.data[0].y) == pytest.approx([50, 30, 10])
    assert list(figure.data[0].error_y.array) == pytest.approx([2, 2, 2])
    assert list(figure.data[0].error_x.arrayminus) == pytest.approx([10, 15, 20])
    assert [shape.x0 for shape in figure.layout.shapes] == pytest.approx([60, 0])
    assert figure.layout.shapes[1].y0 == 7.5
    assert figure.layout.xaxis.title.text.startswith("Distortion: MSE")
    assert extent(plane)[1] == pytest.approx(1.06 * 92)
    words = figure.data[0].hovertext[1].split("<br>")
    assert words[1:3] == ["realism 0.5", "0.3000 bpp"]
    assert words[4] == "Distance of &lt;sets&gt; 30.0 (29.0 to 32.0)"


def test_the_svg_has_a_panel_for_each_plane_and_the_same_values_give_the_same_bytes():
    planes = planes_of(MEASURED, [FAR]).planes
    data = plane_plot(planes, measured_curves(MEASURED), "svg")
    assert data == plane_plot(planes, measured_curves(MEASURED), "svg")
    root = ElementTree.fromstring(data)
    assert len([node for node in root.iter(f"{SVG}g") if str(node.get("id")).startswith("axes_")]) == 2
    with pytest.raises(ResultsError, match=r"rates differ by at most 2 %.*--metrics psnr,effnet_frechet"):
        plane_plot((), (), "svg")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    machine = Machine("cpu", 1, 1, "cpu", "Linux", "3", "2", "0")
    points = tuple(entry.point for entry in MEASURED[:-1])
    found = Results("i", "2026-01-01T00:00:00+00:00", machine, (PSNR.info,), points, (FAR,))
    write_results(tmp_path / "results.json", found)
    return tmp_path / "results.json"


def test_the_command_draws_it_and_tabulates_it(results: Path, tmp_path: Path, capsys):
    words = ["report", str(results), "-o"]
    assert main([*words, str(tmp_path / "p.svg"), "--figure", "plane"]) == 0
    assert main([*words, str(tmp_path / "c.svg")]) == 0
    assert (tmp_path / "p.svg").read_bytes() != (tmp_path / "c.svg").read_bytes()
    assert main([*words, str(tmp_path / "t.md")]) == 0
    text = (tmp_path / "t.md").read_text()
    assert "## Perception-distortion, 0.300 to 0.304 bpp, 2 images" in text
    assert "| ours | realism 0.5 | 0.3000 | 45.00 (30.00 to 60.00) | 30.0 (29.0 to 32.0) |" in text
    assert "Not compared, as no other point has their rate within 2 %: JPEG, quality 40 (0.9000 bpp)." in text
    assert main([*words, str(tmp_path / "t.csv")]) == 0
    assert "far" in (tmp_path / "t.csv").read_text().splitlines()[0].split(",")
    capsys.readouterr()
