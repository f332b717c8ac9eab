"""RDCurve: what the curve of several runs is compared with, and what is logged."""

import json
from collections.abc import Sequence
from pathlib import Path

import lightning as L
import numpy as np
import pytest
from known_points import QUALITIES, RATES, known_point
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.loggers import CSVLogger, WandbLogger
from PIL import Image
from tiny_run import LADDER, Fit
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
    from_json,
    terms_of,
)
from litcodec.dashboard.validation_images import ValidationImages, folder_of_images
from litcodec.evaluation.curves import Curve, CurvePoint
from litcodec.evaluation.image_sets import ImagePoint
from litcodec.metrics import SHIPPED


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

    own = known_point(3)
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
    fit_in_run_folder([KnownPoints(known_point(3)), RDCurve(baselines=["jpeg"])], CSVLogger(str(tmp_path)))
    (path,) = tmp_path.rglob("metrics.csv")
    assert "bd_rate/jpeg" in path.read_text().splitlines()[0]
    (kept,) = (run_folder.parent.parent / ".baselines").rglob("baselines.json")
    before = kept.stat().st_mtime_ns
    fit_in_run_folder([KnownPoints(known_point(3)), RDCurve(baselines=["jpeg"])])
    assert kept.stat().st_mtime_ns == before


def test_no_baselines_when_none_are_asked_for_and_a_warning_where_they_fail(
    run_folder: Path, fit_in_run_folder: Fit
) -> None:
    curve = RDCurve(baselines=[])
    fit_in_run_folder([KnownPoints(known_point(3)), curve])
    assert curve.baseline_curves.found == ()
    assert not (run_folder.parent.parent / ".baselines").exists()
    with pytest.warns(UserWarning, match="RDCurve draws no baselines: .*jpeg9000"):
        fit_in_run_folder([KnownPoints(known_point(3)), RDCurve(baselines=["jpeg9000"])])
    with pytest.warns(UserWarning, match="the limit is max_megapixels=0.05"):
        fit_in_run_folder([KnownPoints(known_point(3)), RDCurve(baselines=["jpeg"], max_megapixels=0.05)])
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
