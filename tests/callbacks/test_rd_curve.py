"""RDCurve: which runs make a curve, what they are compared with, and what is logged."""

import json
from collections.abc import Sequence
from pathlib import Path

import lightning as L
import numpy as np
import pytest
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers import CSVLogger, WandbLogger
from PIL import Image
from tiny_run import LADDER, Fit, make_run_folder
from wandb_file import read_offline_run

from litcodec.callbacks import RDCurve, RDPoint, RDPoints
from litcodec.dashboard.baselines import (
    PUBLISHED,
    BaselineCurve,
    are_kodak,
    baselines_for,
    bd_rates,
    comparable,
)
from litcodec.dashboard.run_points import (
    RunPoint,
    as_json,
    from_json,
    siblings_on_disk,
    terms_of,
    write_point,
)
from litcodec.dashboard.sweep_runs import siblings_in_sweep
from litcodec.dashboard.validation_images import ValidationImages, folder_of_images
from litcodec.errors import ResultsError
from litcodec.evaluation.curves import Curve, CurvePoint
from litcodec.evaluation.image_sets import ImagePoint
from litcodec.metrics import SHIPPED

RATES, QUALITIES = (0.1, 0.2, 0.4, 0.8, 1.2), (26.0, 29.0, 32.0, 35.0, 36.5)


def _point(k: int, **other: object) -> RunPoint:
    """A point of a curve: one of ``LADDER``."""
    values = (
        "terms",
        "digest",
        2000,
        3,
        LADDER[k],
        RATES[k],
        {"psnr": QUALITIES[k], "psnr_luma": QUALITIES[k] + 1, "ms_ssim": 0.95, "ms_ssim_db": 13.0 + k},
        {"psnr": 3, "psnr_luma": 3, "ms_ssim": 3, "ms_ssim_db": 3},
        {"a/first.png": ImagePoint(RATES[k], {"psnr": QUALITIES[k]})},
    )
    return RunPoint(*values)._replace(**other)


def _curve(name: str, rates: Sequence[float], qualities: Sequence[float]) -> Curve:
    points = tuple(
        CurvePoint("", None, 3, rate, {"psnr": quality}, {"psnr": 3}, None, None)
        for rate, quality in zip(rates, qualities, strict=True)
    )
    return Curve(name, "baseline", "", points)


class KnownPoints(RDPoints):
    """Measures nothing."""

    def __init__(self, point: RunPoint) -> None:
        super().__init__()
        self.point = point

    def observe(self, *args: object) -> None:
        return None

    def finish(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        p = self.point
        self.points = [
            RDPoint(name, 100, p.bpp, p.bpp, p.scores)
            for name in ("a/first.png", "b/second.png", "b/tiny.png")
        ]


@pytest.fixture
def siblings(run_folder: Path, image_folder: Path) -> list[RunPoint]:
    """The other four of ``LADDER``, in run folders beside, two of them under other names."""
    digest = ValidationImages(image_folder, ("a/first.png", "b/second.png", "b/tiny.png")).digest()
    points = [_point(k, terms=terms_of(run_folder), images_digest=digest) for k in (0, 1, 2, 4)]
    for k, point in enumerate(points):
        name = "sweep" if k < 2 else f"by-hand-{k}"
        folder = make_run_folder(run_folder.parent.parent / name / f"{k + 2:03d}", point.lmbda)
        write_point(folder, point)
    return points


def test_a_point_survives_its_file_and_others_are_refused(tmp_path: Path) -> None:
    point = _point(2, scores={"psnr": 31.0})
    assert from_json(as_json(point)) == point
    assert '"pictures": "digest"' in as_json(point)  # its key since the first version
    for damaged in (
        "{",
        "[]",
        as_json(point).replace('"bpp": 0.4', '"bpp": null'),
        as_json(point)[:-20] + "}",
    ):
        with pytest.raises(ValueError, match=r"."):
            from_json(damaged)
    (tmp_path / "runs" / "a" / "002").mkdir(parents=True)
    (tmp_path / "runs" / "a" / "002" / "rd_point.json").write_text("{}")
    found, (error,) = siblings_on_disk(make_run_folder(tmp_path / "runs" / "a" / "001", 0.013), point)
    assert found == []
    assert "a/002/rd_point.json is not the point of a run: format litcodec-rd-point" in str(error)


def test_points_of_the_first_version_are_still_read() -> None:
    old = (
        '{"format": "litcodec-rd-point", "version": 1, "terms": "t", "pictures": "p", "step": 5, '
        '"images": 3, "lmbda": 0.013, "bpp": 0.5, "psnr_rgb": 30.0, "psnr_luma": 31.0, '
        '"ms_ssim": null, "ms_ssim_db": null}'
    )
    point = from_json(old)
    assert (point.terms, point.images_digest) == ("t", "p")
    assert (point.scores, point.by_image) == ({"psnr": 30.0, "psnr_luma": 31.0}, {})


def test_siblings_differ_in_lambda_alone(run_folder: Path, siblings: list[RunPoint]) -> None:
    own = siblings[0]._replace(lmbda=LADDER[3])
    for folder, stranger in (
        ("other-terms", own._replace(terms="another", lmbda=0.1)),
        ("other-images", own._replace(images_digest="another", lmbda=0.1)),
        ("own-lambda", own),
    ):
        write_point(make_run_folder(run_folder.parent.parent / folder / "001", 0.1), stranger)
    (run_folder.parent / "latest").symlink_to("002")
    found, wrong = siblings_on_disk(run_folder, own)
    assert sorted((s.point for s in found), key=lambda p: p.bpp) == sorted(siblings, key=lambda p: p.bpp)
    assert {sibling.folder.parent.name for sibling in found} == {"sweep", "by-hand-2", "by-hand-3"}
    assert wrong == []

    other = make_run_folder(run_folder.parent / "009", LADDER[1])
    assert terms_of(other) == terms_of(run_folder)
    assert terms_of(make_run_folder(run_folder.parent / "010", LADDER[1], patch=9)) != terms_of(run_folder)


def _image_points(factor: float) -> list[ImagePoint]:
    return [ImagePoint(factor * rate, {"psnr": q}) for rate, q in zip(RATES, QUALITIES, strict=True)]


def test_bd_rates_are_those_of_curves_whose_difference_is_known() -> None:
    halves = {"a": _image_points(0.5), "b": _image_points(0.25), "c": _image_points(1)[:3]}
    baselines = [
        BaselineCurve("half", _curve("half", [rate / 2 for rate in RATES], QUALITIES), halves),
        BaselineCurve("twice", _curve("twice", [rate * 2 for rate in RATES], QUALITIES), {}),
        BaselineCurve("apart", _curve("apart", RATES, [quality + 50 for quality in QUALITIES]), {}),
        BaselineCurve("short", _curve("short", RATES[:3], QUALITIES[:3]), {}),
    ]
    ours = dict.fromkeys("abc", _image_points(1))
    found = bd_rates(baselines, _curve("ours", RATES, QUALITIES), ours, SHIPPED)
    expected = {
        "bd_rate/half": 100.0,
        "bd_rate_images/half": 200.0,  # of 100 and 300 %; "c" has too few points
        "bd_rate_images_std/half": 200 / 2**0.5,
        "bd_rate_images_count/half": 2.0,
        "bd_rate/twice": -50.0,
    }
    assert found == pytest.approx(expected, abs=1e-6)
    assert bd_rates(baselines, _curve("ours", RATES[:3], QUALITIES[:3]), {}, SHIPPED) == {}


def test_a_sweep_of_five_runs_has_figures_and_bd_rates_in_wandb(
    tmp_path: Path, run_folder: Path, fit_in_run_folder: Fit, siblings: list[RunPoint]
) -> None:
    import wandb

    own = _point(3)
    curve = RDCurve(baselines=["jpeg"])
    fit_in_run_folder(
        [KnownPoints(own), curve], WandbLogger(project="litcodec", offline=True, save_dir=str(tmp_path))
    )
    wandb.finish()
    wandb.teardown()
    run = read_offline_run(tmp_path)

    (row,) = [row for row in run.history if "rd_curve/psnr" in row]
    figure = json.loads((run.folder / row["rd_curve/psnr"]["path"]).read_text())
    ours, jpeg = figure["data"]
    assert ours["name"] == "FactorizedPrior (14k), MSE"
    assert list(ours["x"]) == pytest.approx(sorted(point.bpp for point in [*siblings, own]))
    assert jpeg["name"] == "JPEG"
    assert figure["layout"]["title"]["text"] == (
        "Mean of 3 validation images; baselines measured on the same"
    )
    assert "rd_curve/ms_ssim_db" in row

    (measured,) = curve.baseline_curves.found
    expected = bd_rates([measured], _curve("", RATES, QUALITIES), {}, SHIPPED)["bd_rate/jpeg"]
    assert run.summary["bd_rate/jpeg"] == pytest.approx(expected)
    assert [row["bd_rate/jpeg"] for row in run.history if "bd_rate/jpeg" in row] == [pytest.approx(expected)]
    assert run.summary["baselines"] == "3 validation images; baselines measured on the same"
    left = from_json((run_folder / "rd_point.json").read_text())
    assert left.lmbda == LADDER[3]
    assert (left.terms, left.images_digest, left.step) == (terms_of(run_folder), siblings[0].images_digest, 1)
    assert (left.lmbda, left.bpp, left.scores) == (
        own.lmbda,
        pytest.approx(own.bpp),
        pytest.approx(own.scores),
    )
    assert set(left.by_image) == {"a/first.png", "b/second.png", "b/tiny.png"}
    assert from_json(run.summary["rd_point"]) == left


def test_without_wandb_bd_rates_are_logged_and_baselines_are_measured_once(
    tmp_path: Path, run_folder: Path, fit_in_run_folder: Fit, siblings: list[RunPoint]
) -> None:
    fit_in_run_folder([KnownPoints(_point(3)), RDCurve(baselines=["jpeg"])], CSVLogger(str(tmp_path)))
    (path,) = tmp_path.rglob("metrics.csv")
    assert "bd_rate/jpeg" in path.read_text().splitlines()[0]
    (kept,) = (run_folder.parent.parent / ".baselines").rglob("baselines.json")
    before = kept.stat().st_mtime_ns
    fit_in_run_folder([KnownPoints(_point(3)), RDCurve(baselines=["jpeg"])])
    assert kept.stat().st_mtime_ns == before


def test_no_baselines_when_none_are_asked_for_and_a_warning_where_they_fail(
    run_folder: Path, fit_in_run_folder: Fit
) -> None:
    curve = RDCurve(baselines=[])
    fit_in_run_folder([KnownPoints(_point(3)), curve])
    assert curve.baseline_curves.found == ()
    assert not (run_folder.parent.parent / ".baselines").exists()
    with pytest.warns(UserWarning, match="RDCurve draws no baselines: .*jpeg9000"):
        fit_in_run_folder([KnownPoints(_point(3)), RDCurve(baselines=["jpeg9000"])])
    with pytest.warns(UserWarning, match="the limit is max_megapixels=0.05"):
        fit_in_run_folder([KnownPoints(_point(3)), RDCurve(baselines=["jpeg"], max_megapixels=0.05)])
    assert from_json((run_folder / "rd_point.json").read_text()).lmbda == LADDER[3]


def test_a_curve_without_points_is_a_mistake_that_is_named(fit_in_run_folder: Fit) -> None:
    with pytest.raises(MisconfigurationException, match=r"callbacks\.RDPoints measures: add that"):
        fit_in_run_folder([RDCurve()])


def test_kodak_alone_is_compared_with_what_was_published(tmp_path: Path) -> None:
    names = tuple(f"kodim{k:02d}.png" for k in range(1, 25))
    for k, name in enumerate(names):
        size = (512, 768) if k % 5 == 0 else (768, 512)
        Image.fromarray(np.full((*size[::-1], 3), 8 * k, np.uint8)).save(tmp_path / name)
    images = ValidationImages(tmp_path, names)
    found = baselines_for(images, ["jpeg"], tmp_path / "cache", max_megapixels=1)
    assert [baseline.key for baseline in found.found] == list(PUBLISHED)
    assert {baseline.curve.kind for baseline in found.found} == {"published"}
    assert found.basis == "24 Kodak images; baselines as published (MS-SSIM: dB of the mean)"
    # Means of the same kind: the dB of 0.9 is 10, whatever the mean of the images' dB is.
    ours = _curve("ours", [0.5], [30.0])
    ours = ours._replace(points=(ours.points[0]._replace(scores={"ms_ssim": 0.9, "ms_ssim_db": 11.0}),))
    assert comparable(ours, found).points[0].scores["ms_ssim_db"] == pytest.approx(10.0)
    assert comparable(ours, found._replace(found=())).points[0].scores["ms_ssim_db"] == 11.0
    assert not (tmp_path / "cache").exists()

    assert not are_kodak(images.paths[:-1])
    Image.new("RGB", (384, 256)).save(tmp_path / names[0])
    assert not are_kodak(images.paths)


def test_only_the_images_that_are_validated_are_measured(tmp_path: Path, image_folder: Path) -> None:
    some = ValidationImages(image_folder, ("a/first.png", "b/tiny.png"))
    folder = folder_of_images(some, tmp_path / "place")
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png")) == list(some.names)
    assert (folder / "b/tiny.png").read_bytes() == (image_folder / "b/tiny.png").read_bytes()
    every = ValidationImages(image_folder, ("b/tiny.png", "a/first.png", "b/second.png"))
    assert folder_of_images(every, tmp_path / "place") == image_folder


class _Run:
    """As much of a W&B run as is asked for."""

    def __init__(self, id: str, summary_metrics: dict[str, object], *, offline: bool = False) -> None:
        self.id, self.summary_metrics, self.offline = id, summary_metrics, offline
        self.entity, self.project, self.sweep_id = "us", "litcodec", "s1"


def test_siblings_of_a_sweep_come_from_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    import wandb

    asked: list[str] = []
    own = _point(3)
    runs = [
        _Run("own", {"rd_point": as_json(own)}),
        _Run("done", {"rd_point": as_json(_point(1)), "bpp": 1.0}),
        _Run("under-way", {"bpp": 2.0}),
        _Run("other-codec", {"rd_point": as_json(_point(2, terms="another"))}),
    ]

    class Api:
        def __init__(self, timeout: int) -> None:
            self.runs = runs

        def sweep(self, path: str) -> "Api":
            asked.append(path)
            return self

    monkeypatch.setattr(wandb, "Api", Api)
    assert siblings_in_sweep(runs[0], own) == [_point(1)]
    assert asked == ["us/litcodec/s1"]
    assert siblings_in_sweep(_Run("own", {}, offline=True), own) == []
    assert asked == ["us/litcodec/s1"]
    runs.append(_Run("damaged", {"rd_point": "{}"}))
    with pytest.raises(ResultsError, match=r"us/litcodec/s1: format litcodec-rd-point"):
        siblings_in_sweep(runs[0], own)
