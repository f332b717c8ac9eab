"""Logs the rate-distortion curve of a sweep as it grows, with baselines."""

from collections.abc import Sequence
from pathlib import Path

import lightning as L
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.utilities import rank_zero_info, rank_zero_warn

from litcodec.callbacks.rd_points import RDPoint, RDPoints
from litcodec.dashboard.baselines import BaselineCurves, baselines_for, bd_rates, comparable
from litcodec.dashboard.drawn_metrics import drawn_metrics
from litcodec.dashboard.further_rates import rate_curve
from litcodec.dashboard.loggers import log_media, log_scalars, wandb_loggers
from litcodec.dashboard.run_points import (
    RunPoint,
    as_json,
    on_curve,
    run_root,
    siblings_on_disk,
    terms_of,
    write_point,
)
from litcodec.dashboard.sweep_runs import siblings_in_sweep
from litcodec.dashboard.validation import watched_codec
from litcodec.dashboard.validation_images import CACHE, validation_images_of
from litcodec.errors import LitcodecError
from litcodec.evaluation.curve_names import curve_name
from litcodec.evaluation.curves import Curve, curve_point
from litcodec.evaluation.image_sets import ImagePoint
from litcodec.metrics import infos
from litcodec.report import rd_figure
from litcodec.training import notes_of


class RDCurve(L.Callback):
    """Draws this run's point, those of its siblings and baselines, whenever ``RDPoints`` has measured.

    A run of a codec of variable rate has as many points as ``RDPoints`` measures rates.

    Siblings are runs whose config differs in lambda alone (and in name, place and logger): those below the
    same run root that have ended, each leaving its point as ``rd_point.json`` in its run folder, and, in a
    sweep of a W&B server, those of the sweep. W&B gets the figures ``rd_curve/psnr``,
    ``rd_curve/ms_ssim_db`` and ``rd_curve/<metric>`` of others that ``RDPoints`` measures.

    From four points on, every logger gets ``bd_rate/<baseline>`` (of the mean curves, percent of bits at
    equal PSNR; negative: fewer than the baseline) and ``bd_rate_ms_ssim/<baseline>``. For measured baselines
    also the mean of per-image BD-rates, ``bd_rate_images/<baseline>``, with its standard deviation and number
    of images, ``bd_rate_images_std`` and ``bd_rate_images_count``. The run's summary in W&B has the last
    values and states in ``baselines`` what all are means over.

    On Kodak's 24 images baselines are the published VTM, HM, JPEG 2000 and JPEG. On other images, for
    which nothing is published, ``baselines`` are run: once, before the first curve is drawn, on rank 0; what
    they gave is kept in ``<run root>/.baselines``. Nothing that goes wrong with all this ends a run.

    Args:
        baselines: keys or class paths, see ``litcodec evaluate --baselines``; none draws no baselines at all.
        max_megapixels: run them on no more than this altogether: training waits for them, once.
        anchors: the former name of ``baselines``.
    """

    def __init__(
        self,
        baselines: Sequence[str] = ("jpeg", "jpeg2000", "hevc"),
        max_megapixels: float = 4.0,
        anchors: Sequence[str] | None = None,
    ) -> None:
        self.baselines = tuple(baselines if anchors is None else anchors)
        self.max_megapixels = max_megapixels
        self.own: RunPoint | None = None  # of the last validation
        self._seen: list[RDPoint] = []
        self._drawn: list[RunPoint] = []
        self._rates: dict[str, float] = {}
        self.baseline_curves: BaselineCurves | None = None  # once measured

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Look for the callback that measures.

        Raises:
            MisconfigurationException: if it is not there.
        """
        _rd_points(trainer)

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Draw, if there is something new."""
        points = _rd_points(trainer).points
        if trainer.sanity_checking or not trainer.is_global_zero or points is self._seen:
            return
        self._seen, self.own = points, None
        if points:
            self.own = self._own(trainer, pl_module)
            self._draw(trainer, pl_module, self.own)

    def on_fit_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Leave the run's point for its siblings; draw again, if some have ended since."""
        if not trainer.is_global_zero or self.own is None:
            return
        try:
            write_point(Path(trainer.default_root_dir), self.own)
        except OSError as error:
            rank_zero_warn(f"RDCurve cannot leave this run's point for others: {error}")
        for logger in wandb_loggers(trainer):
            logger.experiment.summary.update({"rd_point": as_json(self.own)})
        self._draw(trainer, pl_module, self.own)

    def _own(self, trainer: L.Trainer, pl_module: L.LightningModule) -> RunPoint:
        validated = validation_images_of(trainer, [point.image for point in self._seen])
        by_image = {point.image: ImagePoint(point.bpp, point.scores) for point in self._seen}
        means = curve_point("", None, [p.bpp for p in self._seen], [p.scores for p in self._seen])
        return RunPoint(
            terms=terms_of(Path(trainer.default_root_dir)),
            images_digest="" if validated is None else validated.digest(),
            step=trainer.global_step,
            images=len(self._seen),
            lmbda=float(getattr(pl_module, "lmbda", 0.0)),
            bpp=means.bpp,
            scores=means.scores,
            counts=means.counts,
            by_image=by_image,
        )

    def _draw(self, trainer: L.Trainer, pl_module: L.LightningModule, own: RunPoint) -> None:
        points = sorted([own, *self._siblings(trainer, own)], key=lambda point: (point.bpp, point.lmbda))
        if points == self._drawn:
            return
        self._drawn = points
        baselines, metrics = self._measured(trainer), _rd_points(trainer).metrics
        codec, further = watched_codec(pl_module), rate_curve(_rd_points(trainer).rates)
        curve = Curve(
            curve_name(
                codec.architecture, notes_of(pl_module).distortion, sum(p.numel() for p in codec.parameters())
            ),
            "codec",
            str(trainer.default_root_dir),
            tuple(sorted([*map(on_curve, points), *further], key=lambda point: point.bpp)),
        )
        curve = comparable(curve, baselines)
        images: dict[str, list[ImagePoint]] = {}
        for run in points:
            for image, at in run.by_image.items():
                images.setdefault(image, []).append(at)
        for rate in _rd_points(trainer).rates:
            images.setdefault(rate.image, []).append(ImagePoint(rate.bpp, rate.scores))
        rates = bd_rates(baselines.found, curve, images, metrics)
        gone = dict.fromkeys(self._rates.keys() - rates.keys())  # else the summary would keep them
        self._rates = rates
        if rates:
            log_scalars(trainer, rates)
        if wandb_loggers(trainer):
            self._to_wandb(trainer, [curve, *(entry.curve for entry in baselines.found)], baselines.basis)
        for logger in wandb_loggers(trainer):
            logger.experiment.summary.update({**gone, **rates, "baselines": baselines.basis})

    def _to_wandb(self, trainer: L.Trainer, curves: Sequence[Curve], basis: str) -> None:
        import wandb

        figures = {}
        metrics = _rd_points(trainer).metrics
        for metric in drawn_metrics(metrics):
            figure, name = rd_figure(curves, metric, infos(metrics)), f"rd_curve/{metric.name}"
            if figure.data:
                # W&B shows it on a page of its own, whose colours are not known here.
                figure.update_layout(
                    title={"text": f"Mean of {basis}", "font": {"size": 13}, "x": 0.01},
                    margin={"t": 50},
                    paper_bgcolor="white",
                    plot_bgcolor="white",
                )
                figures[name] = wandb.Plotly(figure)
        log_media(trainer, figures)

    def _siblings(self, trainer: L.Trainer, own: RunPoint) -> list[RunPoint]:
        siblings, wrong = siblings_on_disk(Path(trainer.default_root_dir), own)
        found = [sibling.point for sibling in siblings]
        for error in wrong:
            rank_zero_warn(f"RDCurve leaves out a point: {error}")
        for logger in wandb_loggers(trainer):
            try:
                found += siblings_in_sweep(logger.experiment, own)
            except LitcodecError as error:
                rank_zero_warn(f"RDCurve leaves out the sweep's other runs: {error}")
        return list({point.lmbda: point for point in found}.values())

    def _measured(self, trainer: L.Trainer) -> BaselineCurves:
        if self.baseline_curves is not None:
            return self.baseline_curves
        self.baseline_curves = BaselineCurves((), f"{len(self._seen)} validation images")
        validated = validation_images_of(trainer, [point.image for point in self._seen])
        if self.baselines and validated is not None:
            cache = run_root(Path(trainer.default_root_dir)) / CACHE
            try:
                self.baseline_curves = baselines_for(
                    validated,
                    self.baselines,
                    cache,
                    max_megapixels=self.max_megapixels,
                    metrics=_rd_points(trainer).metrics,
                )
            except (LitcodecError, OSError) as error:
                rank_zero_warn(f"RDCurve draws no baselines: {error}")
        for line in self.baseline_curves.missing:
            rank_zero_info(f"RDCurve leaves out a baseline that is not installed: {line}")
        return self.baseline_curves


def _rd_points(trainer: L.Trainer) -> RDPoints:
    callbacks: list[L.Callback] = trainer.callbacks  # type: ignore[attr-defined]
    found = next((callback for callback in callbacks if isinstance(callback, RDPoints)), None)
    if found is None:
        raise MisconfigurationException(
            "litcodec.callbacks.RDCurve draws what litcodec.callbacks.RDPoints measures: add that to "
            "trainer.callbacks, too."
        )
    return found
