"""Whole runs with every kind of logger, read back from what they left on disk."""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import lightning as L
import pytest
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger, WandbLogger
from PIL import Image
from wandb_file import OfflineRun, read_offline_run

from litcodec.callbacks import EntropyStatistics, PatchThroughput, RDPoints, Reconstructions

# Lightning still asks for a class that torch has renamed.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]

Fit = Callable[..., L.Trainer]

MEANS = ("bpp", "bpp_estimated", "bpp_gap", "psnr", "psnr_luma", "ms_ssim", "ms_ssim_db", "lmbda")
ENTROPY = (
    "y_bpp",
    "z_bpp",
    "y_share",
    "z_share",
    "dead_channels",
    "dead_share",
    "noise_gap",
    "escape_share",
    "clipped",
)
CURVES = [f"val_images/{name}/{value}" for name in ("first", "second", "tiny") for value in ("bpp", "psnr")]
SCALARS = [f"val/{m}" for m in MEANS] + [f"entropy/{e}" for e in ENTROPY] + CURVES
SPEED = ["perf/patches_per_s", "perf/step_s"]


def _all_callbacks() -> list[L.Callback]:
    return [RDPoints(), Reconstructions(max_images=2), EntropyStatistics(), PatchThroughput(window=2)]


def _row_with(run: OfflineRun, key: str) -> dict:
    (row,) = [row for row in run.history if key in row]
    return row


def test_a_wandb_run_holds_scalars_table_images_axes_and_summary(
    tmp_path: Path, fit: Fit, module: L.LightningModule
) -> None:
    import wandb

    callbacks = _all_callbacks()
    logger = WandbLogger(project="litcodec", offline=True, save_dir=str(tmp_path))
    trainer = fit(module, callbacks, logger)
    wandb.finish()
    wandb.teardown()  # only then is the file complete
    run = read_offline_run(tmp_path)
    points = callbacks[0].points

    assert [point.image for point in points] == ["a/first.png", "b/second.png", "b/tiny.png"]
    for name in SCALARS + SPEED:
        assert any(name in row for row in run.history), name
    row = _row_with(run, "val/bpp")
    assert row["val/bpp"] == pytest.approx(fmean(p.bpp for p in points), rel=1e-6)
    assert row["val/ms_ssim_db"] == pytest.approx(fmean(p.scores["ms_ssim_db"] for p in points[:2]), rel=1e-6)

    row = _row_with(run, "rd_points")
    assert row["trainer/global_step"] == trainer.global_step == 3
    table = json.loads((run.folder / row["rd_points"]["path"]).read_text())
    assert table["columns"] == (
        [
            "step",
            "epoch",
            "lmbda",
            "image",
            "bytes",
            "bpp",
            "bpp_estimated",
            "psnr",
            "psnr_luma",
            "ms_ssim",
            "ms_ssim_db",
        ]
    )
    assert all(point.enhancement is None for point in points)
    rows = [[*point[:-2], *point.scores.values()] for point in points]
    expected = [[3, 0, 0.013, *(None if v != v else v for v in row)] for row in rows]
    assert table["data"] == expected
    assert table["data"][2][-2:] == [None, None]  # too small for MS-SSIM
    assert row["rd/bpp"] == pytest.approx(fmean(p.bpp for p in points))
    assert row["rd/psnr"] == pytest.approx(fmean(p.scores["psnr"] for p in points))

    assert run.axes["rd/psnr"] == run.axes["rd/ms_ssim_db"] == "rd/bpp"
    assert run.axes["val/psnr"] == "trainer/global_step"
    assert [name for name in run.axes if name.startswith("[")] == ["[*]"]  # Lightning's; no glob of ours

    for name in ("bpp", "psnr", "ms_ssim", "ms_ssim_db"):
        assert run.summary[name] == pytest.approx(trainer.callback_metrics[f"val/{name}"].item(), rel=1e-6)
    assert run.summary["lmbda"] == 0.013

    shown = _row_with(run, "reconstructions")["reconstructions"]
    assert shown["count"] == 2
    assert shown["captions"][0].startswith(
        f"a/first.png: {points[0].bpp:.4f} bpp, {points[0].scores['psnr']:.2f} dB"
    )
    with Image.open(run.folder / shown["filenames"][0]) as tiles:
        assert tiles.format == "JPEG"
        assert tiles.size == (4 * 200 + 3 * 4, 192 + 18)  # room for both, 192x192 and 170x200

    for name in ("entropy/y", "entropy/scales_hat", "entropy/y_channel_bpp"):
        histogram = _row_with(run, name)[name]
        assert histogram["_type"] == "histogram"
        assert sum(histogram["values"]) > 0
    for name in ("entropy/channels", "entropy/densities"):
        assert (run.folder / _row_with(run, name)[name]["path"]).is_file()


def test_a_csv_run_holds_the_scalars_and_images_are_saved(
    tmp_path: Path, fit: Fit, module: L.LightningModule
) -> None:
    callbacks = _all_callbacks()
    fit(module, callbacks, CSVLogger(str(tmp_path)))
    (path,) = tmp_path.rglob("metrics.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {name: value for row in rows for name, value in row.items() if value}
    points = callbacks[0].points

    assert set(SCALARS + SPEED) <= set(found)
    assert not any(name.startswith("rd/") for name in found)
    assert float(found["val/bpp"]) == pytest.approx(fmean(p.bpp for p in points), rel=1e-6)
    assert float(found["val/bpp_gap"]) == pytest.approx(
        fmean(p.bpp for p in points) / fmean(p.bpp_estimated for p in points) - 1, abs=1e-6
    )
    assert float(found["val/psnr"]) == pytest.approx(fmean(p.scores["psnr"] for p in points), rel=1e-6)
    assert float(found["val/ms_ssim"]) == pytest.approx(
        fmean(p.scores["ms_ssim"] for p in points[:2]), rel=1e-6
    )
    assert math.isnan(points[2].scores["ms_ssim"])
    assert float(found["val_images/second/bpp"]) == points[1].bpp
    assert float(found["val_images/tiny/psnr"]) == points[2].scores["psnr"]
    saved = sorted(p.name for p in (tmp_path / "root" / "reconstructions").iterdir())
    assert saved == ["step-0000003-first.jpg", "step-0000003-second.jpg"]


def test_a_run_without_a_logger_still_measures(fit: Fit, module: L.LightningModule) -> None:
    callbacks = _all_callbacks()
    trainer = fit(module, callbacks, False)
    assert len(callbacks[0].points) == 3
    assert trainer.callback_metrics["val/psnr"].item() == pytest.approx(
        fmean(p.scores["psnr"] for p in callbacks[0].points), rel=1e-6
    )


def test_disabled_wandb_is_no_hindrance(
    tmp_path: Path,
    fit: Fit,
    module: L.LightningModule,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    callbacks = _all_callbacks()
    fit(module, callbacks, WandbLogger(project="litcodec", save_dir=str(tmp_path)))
    assert len(callbacks[0].points) == 3
    assert not list(tmp_path.rglob("*.wandb"))


def test_tensorboard_gets_scalars_and_images(tmp_path: Path, fit: Fit, module: L.LightningModule) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    fit(module, _all_callbacks(), TensorBoardLogger(str(tmp_path / "tensorboard")))
    (path,) = (tmp_path / "tensorboard").rglob("events.out.tfevents.*")
    found = EventAccumulator(str(path)).Reload()
    assert set(SCALARS) <= set(found.Tags()["scalars"])
    assert found.Tags()["images"] == ["reconstructions/first", "reconstructions/second"]
    (image,) = found.Images("reconstructions/first")
    assert (image.width, image.height, image.step) == (4 * 200 + 3 * 4, 192 + 18, 3)
