"""BD-rate over time: against the strongest baseline, and only what was timed and compared."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from litcodec.cli import main
from litcodec.errors import ResultsError
from litcodec.evaluation.curves import Curve, CurvePoint
from litcodec.metrics import MS_SSIM_DB, PSNR
from litcodec.report import BDEntry, report_data, time_charts, time_plot
from litcodec.report.time_charts import TimeChart, TimePoint
from litcodec.report.time_figure import time_figures

SVG = "{http://www.w3.org/2000/svg}"
METRICS = (PSNR.info, MS_SSIM_DB.info)


def _curve(name: str, kind: str, seconds: tuple[float | None, ...]) -> Curve:
    points = (CurvePoint("s", None, 2, 0.1, {"psnr": 30.0}, {"psnr": 2}, t, t and t / 10) for t in seconds)
    return Curve(name, kind, "source", tuple(points))  # type: ignore[arg-type]


def _entry(anchor: str, test: str, rate: float | None, metric: str = "psnr") -> BDEntry:
    reason = "too few points" if rate is None else None
    return BDEntry(anchor, test, metric, 99.0, 1.0, 20.0, 40.0, rate, 1.0, 2, 2, 2, reason)


CURVES = (
    _curve("5 min", "codec", (250.0, 350.0)),
    _curve("<fast>", "codec", (0.2, 0.4)),
    _curve("JPEG", "baseline", (0.01, 0.03)),
    _curve("AVIF", "baseline", (2.0, 4.0)),
    _curve("VTM", "published", (None, None)),
)
BD = (
    _entry("JPEG", "5 min", -45.0),
    _entry("JPEG", "<fast>", -20.0),
    _entry("JPEG", "AVIF", -50.0),
    _entry("AVIF", "5 min", 6.0),
    _entry("AVIF", "<fast>", 31.5),
    _entry("AVIF", "JPEG", 101.0),
    _entry("VTM", "AVIF", None),
    _entry("5 min", "AVIF", -5.0),
    _entry("5 min", "<fast>", 25.0),
    _entry("5 min", "JPEG", 300.0),  # a codec is no anchor where there are baselines
    _entry("JPEG", "AVIF", -40.0, "ms_ssim_db"),
)


def test_the_anchor_is_the_baseline_that_beats_most_others():
    far = _entry("JPEG", "too far from AVIF", 900.0)  # to be compared with it: JPEG does not gain by it
    encode, decode = time_charts((*CURVES, _curve(far.test, "codec", (1.0,))), (*BD, far), METRICS)
    assert (encode.task, encode.metric.name, encode.anchor) == ("encode", "psnr", "AVIF")
    assert [(p.curve, p.bd_rate) for p in encode.points] == [
        ("5 min", 6.0),
        ("<fast>", 31.5),
        ("JPEG", 101.0),
        ("AVIF", 0.0),
    ]
    assert [point.seconds for point in encode.points] == pytest.approx([300, 0.3, 0.02, 3])
    assert [point.seconds for point in decode.points] == pytest.approx([30, 0.03, 0.002, 0.3])


def test_without_baselines_a_codec_is_the_anchor_and_without_bd_rates_there_is_no_chart():
    codecs = [entry for entry in BD if not {"JPEG", "AVIF"} & {entry.anchor, entry.test}]
    assert [c.anchor for c in time_charts(CURVES[:2], codecs, METRICS)] == ["5 min", "5 min"]
    assert time_charts(CURVES, [_entry("VTM", "AVIF", None)], METRICS) == ()
    later = time_charts(CURVES, BD[-1:], METRICS)  # PSNR has none
    assert [(chart.metric.name, chart.anchor) for chart in later] == [("ms_ssim_db", "JPEG")] * 2
    assert [point.curve for point in later[0].points] == ["JPEG", "AVIF"]


@pytest.mark.parametrize(
    ("seconds", "ticks"),
    [
        ((0.12, 0.14), (0.1, 0.2)),
        ((1.0, 1.0), (1, 2)),
        ((0.3, 4.0), (0.2, 0.5, 1, 2, 5)),
        ((0.02, 300.0), (0.01, 0.1, 1, 10, 100, 1000)),
    ],
)
def test_ticks_are_about_all_points(seconds: tuple[float, float], ticks: tuple[float, ...]):
    points = tuple(TimePoint("x", each, 0.0) for each in seconds)
    assert TimeChart("encode", PSNR.info, "x", points).ticks == pytest.approx(ticks)


def test_what_took_no_time_at_all_is_left_out():
    curves = (*CURVES[:3], _curve("AVIF", "baseline", (0.0, 0.0)))
    encode, _ = time_charts(curves, BD, METRICS)
    assert (encode.anchor, [point.curve for point in encode.points]) == ("JPEG", ["5 min", "<fast>", "JPEG"])


def test_figures_have_a_point_for_each_curve_on_a_logarithmic_axis():
    charts = time_charts(CURVES, BD, METRICS)
    encode, _ = time_figures(charts, CURVES)
    assert [trace.name for trace in encode.data] == [point.curve for point in charts[0].points]
    assert encode.data[1].hovertext == "<b>&lt;fast&gt;</b><br>0.3 s<br>+31.5 %"
    assert encode.layout.xaxis.type == "log"
    data = time_plot(charts, CURVES, "svg")
    assert data == time_plot(charts, CURVES, "svg")
    assert encode.layout.xaxis.ticktext == ("0.01", "0.1", "1", "10", "100", "1000")
    assert b"mathdefault" not in data
    panels = [n for n in ElementTree.fromstring(data).iter(f"{SVG}g") if str(n.get("id")).startswith("axes_")]
    assert len(panels) == 2
    with pytest.raises(ResultsError, match=r"no BD-rate to draw over time.*litcodec evaluate"):
        time_plot((), CURVES, "svg")


def test_the_command_draws_what_was_timed(evaluated: Path, tmp_path: Path, capsys):
    words = ["report", str(evaluated), "-o"]
    data = report_data([evaluated], images=0)
    charts = time_charts(data.curves, data.bd, data.metrics)
    assert [chart.anchor for chart in charts] == ["WebP", "WebP"]
    assert {point.curve for point in charts[0].points} == {"JPEG", "WebP"}  # two settings make no BD-rate
    assert main([*words, str(tmp_path / "t.svg"), "--figure", "time"]) == 0
    assert (tmp_path / "t.svg").read_bytes() == time_plot(charts, data.curves, "svg")
    capsys.readouterr()
