"""Rate-distortion points from real bytes, at every validation."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

import lightning as L

from callbacks.enhancement import Enhancement, enhancement_means, enhancement_of, inner_of
from callbacks.names import short_names
from callbacks.rate_ladder import RatePoint, rate_means, rate_points
from callbacks.sinks import log_media, log_scalars, wandb_loggers
from callbacks.validation import ObservedImage, ValidationCallback, watched_codec
from litcodec.frozen.rates import level_of
from litcodec.metrics import bpp, quality
from litcodec.objectives import bits_per_pixel
from litcodec.training.ranks import gather_from_ranks

MAX_IMAGE_CURVES = 24  # more would bury the dashboard
AVERAGED = ("bpp", "bpp_estimated", "psnr", "psnr_luma")
SUMMARISED = ("bpp", "psnr", "ms_ssim", "ms_ssim_db", "lmbda", "enhancer_gain", "half_share")
# A metric and its x axis. Exact names: a glob of ours would compete with the one Lightning defines.
RD_AXES = (("rd/psnr", "rd/bpp"), ("rd/ms_ssim_db", "rd/bpp"))


class RDPoint(NamedTuple):
    """One image, coded and decoded."""

    image: str
    bytes: int  # of the whole .litc stream
    bpp: float  # of these bytes, header included
    bpp_estimated: float  # from the likelihoods
    psnr: float  # RGB, dB
    psnr_luma: float  # dB
    ms_ssim: float  # nan below 161 pixels a side
    ms_ssim_db: float
    enhancement: Enhancement | None = None  # of hybrids


class RDPoints(ValidationCallback):
    """Codes every validation image to bytes, decodes those bytes, and logs rate and distortion.

    Logs the means over the images as ``val/bpp``, ``val/bpp_estimated``, ``val/bpp_gap`` (relative),
    ``val/psnr``, ``val/psnr_luma``, ``val/ms_ssim``, ``val/ms_ssim_db`` and ``val/lmbda``, where a
    ``ModelCheckpoint`` can watch them; images too small for MS-SSIM are left out of its mean. All means are
    nan if the codec could not be frozen. Single images are ``val_images/<name>/bpp`` and ``/psnr``. W&B also
    gets ``rd/psnr`` and ``rd/ms_ssim_db`` over ``rd/bpp``, a table ``rd_points``, and the means in the run's
    summary, so that a sweep's scatter panel is the RD curve.

    Of a hybrid also ``val/enhancer_gain``, the dB of PSNR (RGB) that the enhancer adds to what the inner
    codec decodes, 0 for images that it has no part in; ``val/half_share``, the share of images coded at half
    size, if the encoder chooses; ``val_images/<name>/enhancer_gain``, and columns in ``rd_points``.

    Of a codec of variable rate all this is at the middle of its range; the rest of its curve is
    ``val_q25/bpp``, ``val_q25/psnr`` and ``val_q25/ms_ssim_db``, with 25 for each of ``qualities``, and more
    rows of ``rd_points``, whose ``lmbda`` tells rates apart.

    Args:
        every_n_validations: see ``ValidationCallback``; leave it at 1 if a checkpoint watches one of the
        means.
        qualities: 1 to 100, the further rates at which a codec of variable rate is measured.

    Raises:
        ShapeError: if ``every_n_validations`` is below 1, or there is no such quality.
    """

    def __init__(
        self, every_n_validations: int = 1, qualities: Sequence[float] = (1.0, 25.0, 75.0, 100.0)
    ) -> None:
        super().__init__(every_n_validations)
        for q in qualities:
            level_of(q)  # or it says so before training starts
        self.qualities = tuple(qualities)
        self.rates: list[RatePoint] = []  # of the last evaluation, all ranks', of codecs of variable rate
        self._rates: list[RatePoint] = []
        self.points: list[RDPoint] = []  # of the last evaluation, all ranks', sorted by image
        self._seen: list[RDPoint] = []

    def begin(self) -> None:
        """See ``ValidationCallback``."""
        self._seen, self._rates = [], []

    def observe(self, trainer: L.Trainer, pl_module: L.LightningModule, image: ObservedImage) -> None:
        """See ``ValidationCallback``."""
        x, x_hat = image.x, image.x_hat
        inner = inner_of(watched_codec(pl_module), image)
        # Of the true pixels, of which a hybrid's inner codec may have seen fewer.
        coded_share = inner.x[0, 0].numel() / x[0, 0].numel()
        estimated = float(bits_per_pixel(inner.codec(inner.x))) * coded_share
        self._seen.append(
            RDPoint(
                image.name,
                len(image.stream),
                bpp(len(image.stream), image.size),
                estimated,
                *quality(x, x_hat),
                enhancement_of(image),
            )
        )
        self._rates += rate_points(image, self.qualities)

    def finish(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """See ``ValidationCallback``."""
        ranks = gather_from_ranks((self._seen, self._rates, self.broken))
        broken = any(rank_broken for *_, rank_broken in ranks)
        self.points = [] if broken else _merged([points for points, *_ in ranks])
        rates = {(p.quality, p.image): p for _, points, _ in ranks for p in points}  # each once, as above
        self.rates = [] if broken else [rates[key] for key in sorted(rates)]
        lmbda = float(getattr(pl_module, "lmbda", math.nan))
        means = _means(self.points, lmbda)
        enhancements = [point.enhancement for point in self.points if point.enhancement is not None]
        means.update(enhancement_means(watched_codec(pl_module), enhancements))
        means.update(rate_means(watched_codec(pl_module), self.rates, self.qualities))
        # Equal on every rank, so that checkpoints decide alike everywhere; syncing changes nothing.
        pl_module.log_dict(means, sync_dist=True, batch_size=1)
        if not self.points:
            return
        names = short_names([point.image for point in self.points])
        shown = self.points[:MAX_IMAGE_CURVES]
        curves = {f"val_images/{names[p.image]}/bpp": p.bpp for p in shown}
        curves.update({f"val_images/{names[p.image]}/psnr": p.psnr for p in shown})
        enhanced = [(names[p.image], p.enhancement) for p in shown if p.enhancement is not None]
        curves.update({f"val_images/{name}/enhancer_gain": each.enhancer_gain for name, each in enhanced})
        log_scalars(trainer, curves)
        if wandb_loggers(trainer):
            self._to_wandb(trainer, means, lmbda)

    def _to_wandb(self, trainer: L.Trainer, means: Mapping[str, float], lmbda: float) -> None:
        import wandb

        found = {name.removeprefix("val/"): value for name, value in means.items()}
        for logger in wandb_loggers(trainer):
            run = logger.experiment
            for name in means:
                run.define_metric(name, step_metric="trainer/global_step")
            for name, axis in RD_AXES:
                run.define_metric(axis)
                run.define_metric(name, step_metric=axis)
            run.summary.update({name: found[name] for name in SUMMARISED if name in found})
        curve = {f"rd/{name}": found[name] for name in ("bpp", "psnr", "ms_ssim_db") if name in found}
        now = (trainer.global_step, trainer.current_epoch, lmbda)
        table = wandb.Table(
            columns=["step", "epoch", "lmbda", *_columns(self.points)],
            data=[
                *([*now, *map(_defined, _row(point))] for point in self.points),
                *([*now[:2], *map(_defined, _rate_row(point))] for point in self.rates),
            ],
        )
        log_media(trainer, {**curve, "rd_points": table})


def _merged(ranks: Sequence[Sequence[RDPoint]]) -> list[RDPoint]:
    """All ranks' points, each image once: the distributed sampler repeats some to make the shares equal."""
    if len(ranks) == 1:
        return sorted(ranks[0])
    return sorted({point.image: point for points in ranks for point in points}.values())


def _means(points: Sequence[RDPoint], lmbda: float) -> dict[str, float]:
    nan = math.nan
    measured = points or [RDPoint("", 0, nan, nan, nan, nan, nan, nan)]
    means = {f"val/{name}": fmean(getattr(point, name) for point in measured) for name in AVERAGED}
    means["val/bpp_gap"] = means["val/bpp"] / means["val/bpp_estimated"] - 1
    means["val/lmbda"] = lmbda
    large = [point for point in measured if not math.isnan(point.ms_ssim)] if points else measured
    if large:
        means["val/ms_ssim"] = fmean(point.ms_ssim for point in large)
        means["val/ms_ssim_db"] = fmean(point.ms_ssim_db for point in large)
    return means


def _columns(points: Sequence[RDPoint]) -> list[str]:
    of_hybrids = Enhancement._fields if any(point.enhancement is not None for point in points) else ()
    return [*RDPoint._fields[:-1], *of_hybrids]


def _row(point: RDPoint) -> list[object]:
    return [*point[:-1], *(point.enhancement or ())]


def _rate_row(point: RatePoint) -> list[object]:
    """From lmbda on; nothing is estimated of further rates."""
    _, lmbda, image, length, rate, *measures = point
    return [lmbda, image, length, rate, None, *measures]


def _defined(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
