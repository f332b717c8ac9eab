"""Logs the page of ``litcodec report`` when a run ends."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import lightning as L
import plotly.graph_objects as go
from lightning.pytorch.utilities import rank_zero_info, rank_zero_warn

from litcodec.callbacks.rd_curve import RDCurve
from litcodec.codec_files import codec_bytes
from litcodec.dashboard.loggers import log_media, wandb_loggers
from litcodec.dashboard.run_points import run_root, siblings_on_disk
from litcodec.dashboard.validation import watched_codec
from litcodec.dashboard.validation_images import CACHE, folder_of_images, validation_images_of
from litcodec.errors import LitcodecError, ShapeError
from litcodec.evaluation import atomic_output, evaluate
from litcodec.metrics import SHIPPED, open_all_metrics
from litcodec.report import page, plane_figures, report_data
from litcodec.training import notes_of


class ReportPage(L.Callback):
    """When a fit ends, exports its codec, evaluates it on the validation images, and writes the report.

    The run folder gets ``codec.safetensors``, ``results.json`` with its coded files, and ``report.html``,
    which shows what ``litcodec report`` would: this run, its siblings and the baselines, see ``RDCurve``.
    W&B gets the page as ``report``, and as an artifact of type "report"; perception-distortion planes, if
    there are any, as figures. A codec that cannot be frozen, or anything else that goes wrong, is a warning:
    the run has ended well without it.

    Args:
        images: how many the page shows side by side with their reconstructions.
        metrics: what is measured, as ``litcodec evaluate --metrics`` takes it; of a set of images, too. All
            shipped ones of single images if none is given.
        pictures: the former name of ``images``.

    Raises:
        ShapeError: if ``images`` is below 0, or a metric is unknown.
    """

    def __init__(self, images: int = 3, metrics: Sequence[str] = (), pictures: int | None = None) -> None:
        self.images = images if pictures is None else pictures
        if self.images < 0:
            raise ShapeError(f"images is 0 or more; got {self.images}.")
        self.metrics = open_all_metrics(metrics)

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write it, on rank 0."""
        if not trainer.is_global_zero or trainer.global_step == 0:
            return
        try:
            path, planes = self._write(trainer, pl_module)
        except (LitcodecError, OSError) as error:
            rank_zero_warn(f"ReportPage writes no report: {error}")
            return
        rank_zero_info(f"report: {path}")
        _to_wandb(trainer, path, planes)

    def _write(self, trainer: L.Trainer, pl_module: L.LightningModule) -> tuple[Path, dict[str, go.Figure]]:
        folder = Path(trainer.default_root_dir)
        codec = folder / "codec.safetensors"
        with atomic_output(codec, overwrite=True) as file:
            file.write(_codec_file(pl_module))
        validated = validation_images_of(trainer)
        if validated is None:
            raise ShapeError("the validation images are no files of a folder.")
        image_folder = folder_of_images(validated, run_root(folder) / CACHE / validated.digest())
        evaluate(
            [codec],
            image_folder,
            folder / "results.json",
            force=True,
            metrics=self.metrics.of_images or SHIPPED,
            set_metrics=self.metrics.of_sets,
        )
        data = report_data(
            [folder / "results.json", *_others(trainer, folder)],
            images=self.images,
            title=f"{folder.parent.name} {folder.name}",
        )
        path = folder / "report.html"
        with atomic_output(path, overwrite=True) as file:
            file.write(page(data).encode())
        figures = plane_figures(data.perception.planes, data.curves)
        return path, {f"report_plane_{k}": figure for k, figure in enumerate(figures)}


def _codec_file(pl_module: L.LightningModule) -> bytes:
    codec = watched_codec(pl_module)
    modes = [(module, module.training) for module in codec.modules()]
    try:
        frozen = codec.eval().freeze()
    finally:
        for module, training in modes:
            module.training = training
    frozen.training = notes_of(pl_module)
    return codec_bytes(frozen)


def _others(trainer: L.Trainer, folder: Path) -> list[Path]:
    """Results of the run's siblings, and of the baselines."""
    callbacks: list[L.Callback] = trainer.callbacks  # type: ignore[attr-defined]
    curve = next((callback for callback in callbacks if isinstance(callback, RDCurve)), None)
    if curve is None or curve.own is None:
        return []
    siblings, _ = siblings_on_disk(folder, curve.own)
    paths = [sibling.folder / "results.json" for sibling in siblings]
    if curve.baseline_curves is not None and curve.baseline_curves.results is not None:
        paths.append(curve.baseline_curves.results)
    return [path for path in paths if path.is_file()]


def _to_wandb(trainer: L.Trainer, path: Path, planes: Mapping[str, go.Figure]) -> None:
    if not wandb_loggers(trainer):
        return
    import wandb

    figures = {key: wandb.Plotly(figure) for key, figure in planes.items()}
    log_media(trainer, {"report": wandb.Html(str(path), inject=False), **figures})
    for logger in wandb_loggers(trainer):
        artifact = wandb.Artifact(f"report-{logger.experiment.id}", type="report")
        artifact.add_file(str(path))
        logger.experiment.log_artifact(artifact)
