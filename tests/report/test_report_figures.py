"""Figures show the numbers they were given, alike on the page, on the dashboard and on paper."""

import io
import xml.etree.ElementTree as ElementTree

import matplotlib
import pytest
from PIL import Image

from litcodec.errors import ResultsError
from litcodec.evaluation.curves import Curve, CurvePoint
from litcodec.metrics import MS_SSIM_DB, PSNR, PSNR_LUMA
from litcodec.report import plot, rd_figure
from litcodec.report.styles import view

SVG = "{http://www.w3.org/2000/svg}"


def _known(**scores: float | None) -> dict[str, float]:
    return {name: value for name, value in scores.items() if value is not None}


def _curve(name: str, kind: str, *points: tuple[float, float | None, float | None]) -> Curve:
    return Curve(
        name,
        kind,
        "",
        tuple(
            CurvePoint(
                f"setting {k}", 0.013, 24, bpp, _known(psnr=rgb, psnr_luma=luma, ms_ssim=0.9), {}, 0.25, 0.5
            )
            for k, (bpp, rgb, luma) in enumerate(points)
        ),
    )


OURS = _curve("ours <b>", "codec", (0.1, 25.0, 26.0), (0.2, None, 28.0), (0.4, 31.0, 32.0))
JPEG = _curve("JPEG $5", "baseline", (0.2, 24.0, 25.0), (1.0, 33.0, 34.0))
VTM = _curve("vtm", "published", (0.1, 28.0, None), (0.9, 38.0, None), (3.6, 48.0, None))
CURVES = (OURS, JPEG, VTM)


def test_a_trace_holds_its_curves_points_and_leaves_out_undefined_ones():
    figure = rd_figure(CURVES, PSNR.info)
    found = [(trace.name, list(zip(trace.x, trace.y, strict=True))) for trace in figure.data]
    assert found == [
        ("ours <b>", [(0.1, 25.0), (0.4, 31.0)]),
        ("JPEG $5", [(0.2, 24.0), (1.0, 33.0)]),
        ("vtm", [(0.1, 28.0), (0.9, 38.0), (3.6, 48.0)]),
    ]
    assert [trace.name for trace in rd_figure(CURVES, PSNR_LUMA.info).data] == ["ours <b>", "JPEG $5"]
    assert len(rd_figure(CURVES, MS_SSIM_DB.info).data) == 0


def test_hovering_tells_codec_setting_images_rate_quality_and_times():
    words = rd_figure(CURVES, PSNR.info).data[0].hovertext[1]
    assert words.split("<br>") == [
        "<b>ours &lt;b&gt;</b>",
        "setting 2, 24 images",
        "λ = 0.013",
        "0.4000 bpp",
        "PSNR RGB 31.00 dB",
        "PSNR luma 32.00 dB",
        "MS-SSIM 0.9000",
        "encoded in 0.250 s",
        "decoded in 0.500 s",
    ]


def test_measured_curves_are_solid_with_markers_and_published_ones_thin_and_dashed():
    ours, jpeg, vtm = rd_figure(CURVES, PSNR.info).data
    assert (ours.mode, ours.line.dash, vtm.mode) == ("lines+markers", "solid", "lines")
    assert vtm.line.dash != "solid"
    assert vtm.line.width < ours.line.width
    assert ours.marker.symbol != jpeg.marker.symbol


def test_a_curve_looks_the_same_in_every_figure_of_the_same_curves():
    of_rgb = {trace.name: trace.line.color for trace in rd_figure((VTM, *CURVES[:2]), PSNR.info).data}
    of_luma = {trace.name: trace.line.color for trace in rd_figure((VTM, *CURVES[:2]), PSNR_LUMA.info).data}
    assert of_luma == {name: of_rgb[name] for name in ("ours <b>", "JPEG $5")}
    assert len(set(of_rgb.values())) == 3


def test_colours_of_text_and_ground_are_left_to_the_page():
    figure = rd_figure(CURVES, PSNR.info)
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.font.color is None
    assert "#" not in figure.layout.to_plotly_json().__repr__()


def test_the_view_is_that_of_the_measured_rates():
    (left, right), (low, high) = view(CURVES, PSNR.info)
    assert left == 0
    assert 1.0 < right < 1.1
    assert 23 < low < 24
    assert 38 < high < 39  # not the 48 dB at a rate that nothing else reaches
    assert view((VTM,), PSNR.info).x[1] > 3.6


def test_a_png_has_two_panels_at_print_resolution():
    image = Image.open(io.BytesIO(plot(CURVES, "png")))
    assert image.format == "PNG"
    assert image.width == pytest.approx(
        2 * 2.9 * 300, abs=2
    )  # PSNR of RGB and of luma; inches, dots per inch
    assert 2.6 * 300 < image.height < 3.6 * 300
    assert {"#0072b2", "#d55e00"} <= {f"#{r:02x}{g:02x}{b:02x}" for _, (r, g, b) in _colours(image)}


def _colours(image: Image.Image) -> list[tuple[int, tuple[int, int, int]]]:
    return image.convert("RGB").getcolors(image.width * image.height) or []


def test_an_svg_is_well_formed_and_draws_every_curve():
    root = ElementTree.fromstring(plot(CURVES, "svg"))
    assert root.tag == f"{SVG}svg"
    drawn = [path.get("style", "") for path in root.iter(f"{SVG}path")]
    for colour in ("#0072b2", "#d55e00", "#888888"):
        assert sum(f"stroke: {colour}" in style for style in drawn) >= 2  # in a panel and in the legend
    assert not list(root.iter(f"{SVG}text"))  # outlines: no font is needed


@pytest.mark.parametrize("form", ["png", "svg"])
def test_the_same_curves_give_the_same_bytes_whatever_the_callers_settings(form):
    first = plot(CURVES, form)
    with matplotlib.rc_context({"font.size": 20, "lines.linewidth": 9}):
        assert plot(CURVES, form) == first
        assert matplotlib.rcParams["font.size"] == 20


def test_nothing_to_draw_is_said():
    with pytest.raises(ResultsError, match="nothing to draw"):
        plot([_curve("lossless", "codec", (8.0, None, None))], "png")
