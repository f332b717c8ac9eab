"""Logs rate-distortion points from real bytes, at every validation."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import lightning as L

from litcodec.dashboard.drawn_metrics import drawn_metrics
from litcodec.dashboard.enhancement import Enhancement, enhancement_means, enhancement_of, inner_of
from litcodec.dashboard.further_rates import RatePoint, rate_means, rate_points
from litcodec.dashboard.loggers import log_media, log_scalars, wandb_loggers
from litcodec.dashboard.short_names import short_names
from litcodec.dashboard.validation import ObservedImage, ValidationCallback, watched_codec
from litcodec.frozen.rates import level_of
from litcodec.metrics import Metric, mean_of_finite, open_metrics
from litcodec.objectives import bits_per_pixel
from litcodec.training.ranks import gather_from_ranks

MAX_IMAGE_CURVES = 24  # more would bury the dashboard
METRICS = ("psnr", "psnr_luma", "ms_ssim", "ms_ssim_db")
SUMMARISED = ("bpp", "lmbda", "enhancer_gain", "half_share")


class RDPoint(NamedTuple):
    """One image, coded and decoded."""

    image: str
    bytes: int  # of the whole .litc stream
    bpp: float  # of these bytes, header included
    bpp_estimated: float  # from the likelihoods
    scores: Mapping[str, float]  # by metric; nan or inf where there is no finite value
    enhancement: Enhancement | None = None  # of hybrids


class RDPoints(ValidationCallback):
    """Codes every validation image to bytes, decodes those bytes, and logs rate and distortion.

    Logs the means over the images as ``val/bpp``, ``val/bpp_estimated``, ``val/bpp_gap`` (relative),
    ``val/lmbda`` and ``val/<metric>`` of each metric (``val/psnr``, ``val/ms_ssim_db``, …), where a
    ``ModelCheckpoint`` can watch them. Values that are not finite are left out of the means: the PSNR of an
    image that was coded losslessly, MS-SSIM of one that is too small. All means are nan if the codec
    could not be frozen. Single images are ``val_images/<name>/bpp`` and ``/psnr``. W&B also
    gets ``rd/psnr`` and ``rd/ms_ssim_db`` over ``rd/bpp``, a table ``rd_points``, and the means in the run's
    summary, so that a sweep's scatter panel is the RD curve.

    Of a hybrid also ``val/enhancer_gain``, the dB of PSNR (RGB) that the enhancer adds to what the inner
    codec decodes, 0 for images that it has no part in; ``val/half_share``, the share of images coded at half
    size, if the encoder chooses; ``val_images/<name>/enhancer_gain``, and columns in ``rd_points``.

    Of a codec of variable rate all this is at the middle of its range; the rest of its curve is
    ``val_q25/bpp``, ``val_q25/psnr`` and ``val_q25/ms_ssim_db``, with 25 for each of ``qualities``, and more
    rows of ``rd_points``, distinguished by their ``lmbda``.

    Args:
        every_n_validations: see ``ValidationCallback``; leave it at 1 if a checkpoint watches one of the
            means.
        qualities: 1 to 100, the further rates at which a codec of variable rate is measured.
        metrics: names ("psnr", "psnr_luma", "ms_ssim", "ms_ssim_db") or import paths of metrics of your own,
            ``mylab.metrics.SHARPNESS``.

    Raises:
        ShapeError: if ``every_n_validations`` is below 1, or there is no such quality or
            metric.
    """

    def __init__(
        self,
        every_n_validations: int = 1,
        qualities: Sequence[float] = (1.0, 25.0, 75.0, 100.0),
        metrics: Sequence[str] = METRICS,
    ) -> None:
        super().__init__(every_n_validations)
        for q in qualities:
            level_of(q)  # or it says so before training starts
        self.qualities = tuple(qualities)
        self.metrics = open_metrics(metrics)
        self.rates: list[RatePoint] = []  # of the last evaluation, all ranks', of codecs of variable rate
        self._rates: list[RatePoint] = []
        self.points: list[RDPoint] = []  # of the last evaluation, all ranks', sorted by image
        self._seen: list[RDPoint] = []

    def begin(self) -> None:
        """Forget the images of the last validation."""
        self._seen, self._rates = [], []

    def observe(self, trainer: L.Trainer, pl_module: L.LightningModule, image: ObservedImage) -> None:
        """Measure one image: its real bytes, estimated bits and scores."""
        x, measured = image.x, image.measure(self.metrics)
        inner = inner_of(watched_codec(pl_module), image)
        # Of the true pixels, of which a hybrid's inner codec may have seen fewer.
        coded_share = inner.x[0, 0].numel() / x[0, 0].numel()
        estimated = float(bits_per_pixel(inner.codec(inner.x))) * coded_share
        self._seen.append(
            RDPoint(
                image.name,
                len(measured.data),
                measured.bpp,
                estimated,
                measured.scores,
                enhancement_of(image),
            )
        )
        self._rates += rate_points(image, self.qualities, self.metrics)

    def finish(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Gather the points of all ranks and log their means."""
        ranks = gather_from_ranks((self._seen, self._rates, self.broken))
        broken = any(rank_broken for *_, rank_broken in ranks)
        self.points = [] if broken else _merged([points for points, *_ in ranks])
        rates = {(p.quality, p.image): p for _, points, _ in ranks for p in points}  # each once, as above
        self.rates = [] if broken else [rates[key] for key in sorted(rates)]
        lmbda = float(getattr(pl_module, "lmbda", math.nan))
        means = _means(self.points, lmbda, self.metrics)
        enhancements = [point.enhancement for point in self.points if point.enhancement is not None]
        means.update(enhancement_means(watched_codec(pl_module), enhancements))
        codec = watched_codec(pl_module)
        means.update(rate_means(codec, self.rates, self.qualities, self.metrics))
        # Equal on every rank, so that checkpoints decide alike everywhere; syncing changes nothing.
        pl_module.log_dict(means, sync_dist=True, batch_size=1)
        if not self.points:
            return
        names = short_names([point.image for point in self.points])
        shown = self.points[:MAX_IMAGE_CURVES]
        curves = {f"val_images/{names[p.image]}/bpp": p.bpp for p in shown}
        drawn = [metric.name for metric in drawn_metrics(self.metrics)]
        for name in drawn[:1]:  # one metric an image: all of them would bury the dashboard
            curves.update({f"val_images/{names[p.image]}/{name}": p.scores[name] for p in shown})
        enhanced = [(names[p.image], p.enhancement) for p in shown if p.enhancement is not None]
        curves.update({f"val_images/{name}/enhancer_gain": each.enhancer_gain for name, each in enhanced})
        log_scalars(trainer, curves)
        if wandb_loggers(trainer):
            self._to_wandb(trainer, means, lmbda)

    def _to_wandb(self, trainer: L.Trainer, means: Mapping[str, float], lmbda: float) -> None:
        import wandb

        drawn = [metric.name for metric in drawn_metrics(self.metrics)]
        summarised = [*SUMMARISED, *(m.name for m in self.metrics if m.name != "psnr_luma")]
        found = {name.removeprefix("val/"): value for name, value in means.items()}
        for logger in wandb_loggers(trainer):
            run = logger.experiment
            for name in means:
                run.define_metric(name, step_metric="trainer/global_step")
            # Exact names: a glob would compete with the one Lightning defines.
            run.define_metric("rd/bpp")
            for name in drawn:
                run.define_metric(f"rd/{name}", step_metric="rd/bpp")
            run.summary.update({name: found[name] for name in summarised if name in found})
        curve = {f"rd/{name}": found[name] for name in ("bpp", *drawn) if name in found}
        now = (trainer.global_step, trainer.current_epoch, lmbda)
        table = wandb.Table(
            columns=["step", "epoch", "lmbda", *_columns(self.points, self.metrics)],
            data=[
                *([*now, *map(_defined, _row(point, self.metrics))] for point in self.points),
                *([*now[:2], *map(_defined, _rate_row(point, self.metrics))] for point in self.rates),
            ],
        )
        log_media(trainer, {**curve, "rd_points": table})


def _merged(ranks: Sequence[Sequence[RDPoint]]) -> list[RDPoint]:
    """All ranks' points, each image once: the distributed sampler repeats some to make the shares equal."""
    if len(ranks) == 1:
        return sorted(ranks[0], key=lambda point: point.image)
    once = {point.image: point for points in ranks for point in points}
    return [once[image] for image in sorted(once)]


def _means(points: Sequence[RDPoint], lmbda: float, metrics: Sequence[Metric]) -> dict[str, float]:
    values = {"bpp": [point.bpp for point in points], "bpp_estimated": [p.bpp_estimated for p in points]}
    means = {f"val/{name}": mean_of_finite(found).value for name, found in values.items()}
    means["val/bpp_gap"] = means["val/bpp"] / means["val/bpp_estimated"] - 1
    means["val/lmbda"] = lmbda
    for metric in metrics:
        found = [point.scores[metric.name] for point in points]
        mean = mean_of_finite(found)
        # A metric that no image has is not logged; one that all images have infinite is nan.
        if mean.number or not points or any(map(math.isinf, found)):
            means[f"val/{metric.name}"] = mean.value
    return means


def _columns(points: Sequence[RDPoint], metrics: Sequence[Metric]) -> list[str]:
    of_hybrids = Enhancement._fields if any(point.enhancement is not None for point in points) else ()
    return [*RDPoint._fields[:-2], *(metric.name for metric in metrics), *of_hybrids]


def _row(point: RDPoint, metrics: Sequence[Metric]) -> list[object]:
    return [*point[:-2], *(point.scores[metric.name] for metric in metrics), *(point.enhancement or ())]


def _rate_row(point: RatePoint, metrics: Sequence[Metric]) -> list[object]:
    """From lmbda on; nothing is estimated of further rates."""
    scores = [point.scores[metric.name] for metric in metrics]
    return [point.lmbda, point.image, point.bytes, point.bpp, None, *scores]


def _defined(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
