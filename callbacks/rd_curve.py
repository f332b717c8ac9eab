"""The rate-distortion curve of a sweep as it grows, with yardsticks."""

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import lightning as L
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.utilities import rank_zero_info, rank_zero_warn

from callbacks.pictures import CACHE, validation_pictures
from callbacks.rate_ladder import rate_curve
from callbacks.rd_points import RDPoint, RDPoints
from callbacks.run_points import (
    RunPoint,
    as_json,
    on_curve,
    run_root,
    siblings_on_disk,
    terms_of,
    write_point,
)
from callbacks.sinks import log_media, log_scalars, wandb_loggers
from callbacks.sweep_runs import siblings_in_sweep
from callbacks.validation import watched_codec
from callbacks.yardsticks import Yardsticks, bd_rates, comparable, yardsticks_for
from litcodec.errors import LitcodecError
from litcodec.evaluation.candidates import curve_name
from litcodec.evaluation.curves import Curve
from litcodec.report import rd_figure
from litcodec.report.data import Metric
from litcodec.training import notes_of

FIGURES: tuple[tuple[Metric, str], ...] = (
    ("psnr_rgb", "rd_curve/psnr"),
    ("ms_ssim_db", "rd_curve/ms_ssim_db"),
)


class RDCurve(L.Callback):
    """Draws this run's point, those of its siblings and yardsticks, whenever ``RDPoints`` has measured.

    A run of a codec of variable rate has as many points as ``RDPoints`` measures rates.

    Siblings are runs whose config differs in lambda alone (and in name, place and logger): those below the
    same run root that have ended, each leaving its point as ``rd_point.json`` in its run folder, and, in a
    sweep of a W&B server, those of the sweep. W&B gets the figures ``rd_curve/psnr`` and
    ``rd_curve/ms_ssim_db``. From four points on, every logger gets ``bd_rate/<yardstick>`` (percent of bits
    at equal PSNR; negative: fewer than the yardstick) and ``bd_rate_ms_ssim/<yardstick>``; the run's summary
    in W&B has the last values and says in ``yardsticks`` what all are means over.

    On Kodak's 24 pictures yardsticks are the published VTM, HM, JPEG 2000 and JPEG. On other pictures, for
    which nothing is published, ``anchors`` are run: once, before the first curve is drawn, on rank 0; what
    they gave is kept in ``<run root>/.yardsticks``. Nothing that goes wrong with all this ends a run.

    Args:
        anchors: keys of the yardsticks, see ``litcodec evaluate --anchors``; none draws no yardsticks at all.
        max_megapixels: run them on no more than this altogether: training waits for them, once.
    """

    def __init__(
        self, anchors: Sequence[str] = ("jpeg", "jpeg2000", "hevc"), max_megapixels: float = 4.0
    ) -> None:
        self.anchors = tuple(anchors)
        self.max_megapixels = max_megapixels
        self.own: RunPoint | None = None  # of the last validation
        self._seen: list[RDPoint] = []
        self._drawn: frozenset[RunPoint] = frozenset()
        self._rates: dict[str, float] = {}
        self.yardsticks: Yardsticks | None = None  # once measured

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
        pictures = validation_pictures(trainer, [point.image for point in self._seen])
        large = [point for point in self._seen if not math.isnan(point.ms_ssim)]
        return RunPoint(
            terms=terms_of(Path(trainer.default_root_dir)),
            pictures="" if pictures is None else pictures.digest(),
            step=trainer.global_step,
            images=len(self._seen),
            lmbda=float(getattr(pl_module, "lmbda", 0.0)),
            bpp=fmean(point.bpp for point in self._seen),
            psnr_rgb=fmean(point.psnr for point in self._seen),
            psnr_luma=fmean(point.psnr_luma for point in self._seen),
            ms_ssim=fmean(point.ms_ssim for point in large) if large else None,
            ms_ssim_db=fmean(point.ms_ssim_db for point in large) if large else None,
        )

    def _draw(self, trainer: L.Trainer, pl_module: L.LightningModule, own: RunPoint) -> None:
        points = frozenset([own, *self._siblings(trainer, own)])
        if points == self._drawn:
            return
        self._drawn = points
        yardsticks = self._measured(trainer)
        codec, further = watched_codec(pl_module), rate_curve(_rd_points(trainer).rates)
        curve = Curve(
            curve_name(codec.architecture, notes_of(pl_module).distortion),
            "codec",
            str(trainer.default_root_dir),
            tuple(sorted([*map(on_curve, points), *further], key=lambda point: point.bpp)),
        )
        curve = comparable(curve, yardsticks)
        rates = bd_rates(yardsticks.found, curve)
        gone = dict.fromkeys(self._rates.keys() - rates.keys())  # else the summary would keep them
        self._rates = rates
        if rates:
            log_scalars(trainer, rates)
        if wandb_loggers(trainer):
            self._to_wandb(trainer, [curve, *(entry.curve for entry in yardsticks.found)], yardsticks.basis)
        for logger in wandb_loggers(trainer):
            logger.experiment.summary.update({**gone, **rates, "yardsticks": yardsticks.basis})

    def _to_wandb(self, trainer: L.Trainer, curves: Sequence[Curve], basis: str) -> None:
        import wandb

        figures = {}
        for metric, name in FIGURES:
            figure = rd_figure(curves, metric)
            if figure.data:
                # W&B shows it on a page of its own, whose colours it does not tell.
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

    def _measured(self, trainer: L.Trainer) -> Yardsticks:
        if self.yardsticks is not None:
            return self.yardsticks
        self.yardsticks = Yardsticks((), f"{len(self._seen)} validation pictures")
        pictures = validation_pictures(trainer, [point.image for point in self._seen])
        if self.anchors and pictures is not None:
            cache = run_root(Path(trainer.default_root_dir)) / CACHE
            try:
                self.yardsticks = yardsticks_for(
                    pictures, self.anchors, cache, max_megapixels=self.max_megapixels
                )
            except (LitcodecError, OSError) as error:
                rank_zero_warn(f"RDCurve draws no yardsticks: {error}")
        for line in self.yardsticks.missing:
            rank_zero_info(f"RDCurve leaves out a yardstick that is not installed: {line}")
        return self.yardsticks


def _rd_points(trainer: L.Trainer) -> RDPoints:
    callbacks: list[L.Callback] = trainer.callbacks  # type: ignore[attr-defined]
    found = next((callback for callback in callbacks if isinstance(callback, RDPoints)), None)
    if found is None:
        raise MisconfigurationException(
            "callbacks.RDCurve draws what callbacks.RDPoints measures: add that to trainer.callbacks, too."
        )
    return found
