"""A report's numbers are those of its results files, and what does not compare is said."""

import json
import math
from pathlib import Path

import pytest

from litcodec.errors import ResultsError
from litcodec.evaluation import Failure, read_results, write_results
from litcodec.report import ReportData, report_data

KODAK = [f"kodim{k:02d}.png" for k in range(1, 25)]


def _ladder(names, *, factor: int = 1) -> dict[str, list[tuple[str, int, float]]]:
    return {f"quality {k}": [(name, factor * 500 * 2**k, 24.0 + 4 * k) for name in names] for k in range(5)}


@pytest.fixture
def report(make_results, tmp_path: Path):
    """``report([curves, …], size=…, **options)``: the data of results made up, one file for each."""

    def make(files, *, size=(100, 80), **options) -> ReportData:
        paths = [tmp_path / f"{chr(ord('a') + k)}.json" for k in range(len(files))]
        for path, curves in zip(paths, files, strict=True):
            write_results(path, make_results(curves, size=size))
        return report_data(paths, **{"images": 0, **options})

    return make


def test_every_image_of_every_point_is_a_row_and_json_can_hold_it(report):
    lossless = {"Codec": {"lmbda 1.0": [("a.png", 900, math.inf), ("b.png", 800, 40.0)]}}
    data = report([{**lossless, "JPEG": _ladder(["a.png"])}])
    assert [(row.curve, row.setting, row.image, row.bytes, row.scores["psnr"]) for row in data.rows[:2]] == [
        ("Codec", "lmbda 1.0", "a.png", 900, None),
        ("Codec", "lmbda 1.0", "b.png", 800, 40.0),
    ]
    assert data.rows[0].scores["ms_ssim_db"] is data.rows[0].scores["psnr_luma"] is None
    assert len(data.rows) == 2 + 5
    json.dumps(data, allow_nan=False)
    assert any("1 file lost nothing" in note for note in data.notes)


def test_the_report_says_what_when_and_where(report):
    data = report([{"JPEG": _ladder(["a.png"])}])
    assert (data.title, data.images) == ("Rate and distortion on images", "images")
    assert (data.created, data.machine.cpu) == ("2026-01-01T00:00:00+00:00", "a processor")
    assert report([{"JPEG": _ladder(["a.png"])}], title="Mine").title == "Mine"


def test_half_the_bytes_is_a_bd_rate_of_minus_50_percent(report):
    data = report([{"Codec": _ladder(["a.png", "b.png"]), "JPEG": _ladder(["a.png", "b.png"], factor=2)}])
    found = {(e.test, e.anchor, e.metric): e.bd_rate for e in data.bd}
    assert len(found) == 2 * 3
    for metric in ("psnr", "psnr_luma", "ms_ssim_db"):
        assert found["Codec", "JPEG", metric] == pytest.approx(-50, abs=1e-6)


def test_on_kodak_the_usual_published_curves_are_drawn_and_compared(report):
    data = report([{"JPEG": _ladder(KODAK, factor=40)}], size=(768, 512))
    published = [curve.name for curve in data.curves if curve.kind == "published"]
    assert [name.split(",")[0] for name in published] == ["VTM", "HM", "BPG 4:4:4"]
    compared = {(e.test, e.anchor) for e in data.bd if e.metric == "psnr" and e.bd_rate is not None}
    assert {("JPEG", name) for name in published} <= compared


@pytest.mark.parametrize(
    ("names", "size"),
    [(KODAK[:-1], (768, 512)), (KODAK, (384, 256)), ([f"x{name}" for name in KODAK], (768, 512))],
    ids=["one missing", "made smaller", "others"],
)
def test_what_is_not_kodak_is_compared_with_nothing_published(report, names, size):
    curves = {"JPEG": _ladder(names, factor=40)}
    assert [curve.kind for curve in report([curves], size=size).curves] == ["baseline"]
    data = report([curves], size=size, overlay=["vtm"])
    reasons = {e.reason for e in data.bd if "JPEG" in (e.test, e.anchor)}
    assert all("different images" in (reason or "") for reason in reasons)
    assert any("Kodak" in note for note in data.notes)


def test_ms_ssim_is_compared_with_published_curves_as_these_give_it(report):
    # Published: the dB of the mean MS-SSIM. A curve with VTM's own means, its images far apart, must
    # come out equal to VTM, though the mean of its images' dB lies higher.
    vtm = report([{"JPEG": _ladder(["a"])}], overlay=["vtm"]).curves[-1]
    ladder = {
        f"quality {k}": [
            (
                name,
                round(point.bpp * 768 * 512 / 8),
                _psnr_of_ms_ssim(point.scores["ms_ssim"], spread=0.5 - place % 2),
            )
            for place, name in enumerate(KODAK)
        ]
        for k, point in enumerate(vtm.points)
    }
    data = report([{"JPEG": ladder}], size=(768, 512), overlay=["vtm"])
    (entry,) = (e for e in data.bd if (e.test, e.metric) == ("JPEG", "ms_ssim_db"))
    assert data.curves[0].points[3].scores["ms_ssim_db"] > vtm.points[3].scores["ms_ssim_db"] + 0.3
    assert entry.bd_rate == pytest.approx(0, abs=0.1)


def _psnr_of_ms_ssim(value: float, *, spread: float) -> float:
    """For the made-up scores' rule: half of them lose half as much again as the mean, half lose half."""
    return -20 * math.log10((1 - value) * (1 + spread))


def test_points_on_other_images_are_told(report):
    ladder = _ladder(["a.png", "b.png"])
    ladder["quality 4"] = ladder["quality 4"][:1]
    data = report([{"JPEG": ladder, "WebP": _ladder(["a.png", "b.png"])}])
    assert any("same images" in note and "1 to 2" in note for note in data.notes)
    # What was not scored at one point leaves the set for all that is compared.
    assert {(e.images, e.all_images, e.bd_images) for e in data.bd} == {(1, 2, 1)}


def test_several_files_make_one_report_and_a_second_measurement_stays_apart(report):
    first, second = {"JPEG": _ladder(["a.png"])}, {"JPEG": _ladder(["a.png"], factor=2)}
    data = report([first, second])
    assert [curve.name for curve in data.curves] == ["JPEG", "JPEG (b)"]
    assert {row.curve for row in data.rows} == {"JPEG", "JPEG (b)"}
    assert any("JPEG (b)" in note for note in data.notes)
    assert data.images == "images"


def test_times_of_another_machine_are_told(report, tmp_path: Path):
    report([{"JPEG": _ladder(["a.png"])}, {"WebP": _ladder(["a.png"])}])
    second = read_results(tmp_path / "b.json")
    write_results(tmp_path / "b.json", second._replace(machine=second.machine._replace(cpu="another")))
    notes = report_data([tmp_path / "a.json", tmp_path / "b.json"], images=0).notes
    assert [note for note in notes if "Times of WebP" in note]


def test_failures_are_kept_with_the_point_that_they_belong_to(make_results, tmp_path: Path):
    results = make_results({"JPEG": _ladder(["a.png"])})
    failure = Failure("b.png", "no memory")
    points = (*results.points[:-1], results.points[-1]._replace(failures=(failure,)))
    write_results(tmp_path / "a.json", results._replace(points=points))
    assert report_data([tmp_path / "a.json"], images=0).failures == (("JPEG, quality 4", failure),)


def test_results_without_a_score_are_refused(make_results, tmp_path: Path):
    write_results(tmp_path / "empty.json", make_results({"JPEG": {"quality 1": []}}))
    with pytest.raises(ResultsError, match=r"empty\.json"):
        report_data([tmp_path / "empty.json"])
