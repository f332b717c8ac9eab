"""ReportPage: what a fit leaves behind when it ends."""

import math
from pathlib import Path

import lightning as L
import pytest
from lightning.pytorch.loggers import WandbLogger
from tiny_run import LADDER, Fit
from wandb_file import read_offline_run

from litcodec.callbacks import RDCurve, RDPoints, ReportPage
from litcodec.codec_files import load_codec
from litcodec.evaluation import read_results, write_results
from litcodec.metrics import SetMetric, frechet_distance

PIXELS = SetMetric("pixels", "Pixels", "", 3, lambda x: x[0].flatten(1).T, frechet_distance, 10)


def test_a_fit_ends_with_codec_results_and_report(
    tmp_path: Path, run_folder: Path, fit_in_run_folder: Fit
) -> None:
    import wandb

    points = RDPoints()
    callbacks = [points, RDCurve(baselines=["jpeg"]), ReportPage(images=1)]
    fit_in_run_folder(callbacks, WandbLogger(project="litcodec", offline=True, save_dir=str(tmp_path)))
    wandb.finish()
    wandb.teardown()

    codec = load_codec(run_folder / "codec.safetensors")
    assert (codec.training.lmbda, codec.training.step) == (LADDER[3], 1)
    (point,) = read_results(run_folder / "results.json").points
    assert point.fingerprint == codec.fingerprint.hex()
    # What the command measures is what the last validation measured.
    assert [(s.image, s.bytes) for s in point.scores] == [(p.image, p.bytes) for p in points.points]
    assert [s.values["psnr"] for s in point.scores] == pytest.approx(
        [p.scores["psnr"] for p in points.points], abs=1e-3
    )

    html = (run_folder / "report.html").read_text()
    assert html.startswith("<!")
    assert "FactorizedPrior (14k)" in html
    assert '"JPEG"' in html  # the baselines, measured for the curve, are not measured again

    run = read_offline_run(tmp_path)
    (row,) = [row for row in run.history if "report" in row]
    assert row["report"]["_type"] == "html-file"
    assert (run.folder / row["report"]["path"]).read_text() == html
    assert run.artifacts == [("report", ["report.html"])]


def test_planes_of_codecs_of_one_rate_are_figures(
    tmp_path: Path, run_folder: Path, fit_in_run_folder: Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    import wandb

    def twin(trainer: L.Trainer, folder: Path) -> list[Path]:
        """The run's own results under another name."""
        results = read_results(folder / "results.json")
        points = tuple(point._replace(curve="twin") for point in results.points)
        write_results(tmp_path / "twin.json", results._replace(points=points))
        return [tmp_path / "twin.json"]

    monkeypatch.setattr("litcodec.callbacks.report_page._others", twin)
    page = ReportPage(images=0, metrics=["psnr", f"{__name__}.PIXELS"])
    fit_in_run_folder([page], WandbLogger(project="litcodec", offline=True, save_dir=str(tmp_path)))
    wandb.finish()
    wandb.teardown()
    (row,) = [row for row in read_offline_run(tmp_path).history if "report" in row]
    assert row["report_plane_0"]["_type"] == "plotly-file"
    assert "report_plane_1" not in row


def test_a_report_that_fails_does_not_fail_the_run(run_folder: Path, fit_in_run_folder: Fit) -> None:
    class Diverges(L.Callback):
        def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
            next(pl_module.codec.g_s.parameters()).data[0] = math.nan

    with pytest.warns(UserWarning, match="ReportPage writes no report: .*not finite"):
        fit_in_run_folder([Diverges(), ReportPage()])
    assert not (run_folder / "codec.safetensors").exists()
    assert not (run_folder / "report.html").exists()


def test_fewer_than_no_images_are_refused() -> None:
    with pytest.raises(ValueError, match="images is 0 or more; got -1"):
        ReportPage(images=-1)


def test_the_former_name_of_the_argument_is_taken() -> None:
    assert ReportPage(pictures=2).images == 2
