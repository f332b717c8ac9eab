"""Logs where the bits go: latents, channels, learned densities."""

import copy
from collections.abc import Sequence

import lightning as L
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from litcodec.dashboard.enhancement import inner_of
from litcodec.dashboard.latent_counts import (
    LatentCounts,
    channel_bpp,
    count_latents,
    dead_channels,
    entropy_scalars,
)
from litcodec.dashboard.latent_figures import draw_channels, draw_densities
from litcodec.dashboard.loggers import log_media, log_scalars, wandb_loggers
from litcodec.dashboard.validation import ObservedImage, ValidationCallback, watched_codec
from litcodec.entropy import FactorizedDensity
from litcodec.errors import ShapeError

BINS = 64


class EntropyStatistics(ValidationCallback):
    """Statistics of the latents of the first validation images, taken on rank 0.

    Scalars, for every logger: ``entropy/y_bpp``, ``entropy/z_bpp`` (estimated, rounded latents),
    ``entropy/y_share``, ``entropy/z_share``; ``entropy/dead_channels`` and ``entropy/dead_share``, channels
    of y whose coded symbol never changes; ``entropy/noise_gap``, estimated bits with the training stand-in
    for rounding over those with rounding, minus 1; ``entropy/escape_share`` of all coded symbols, and
    ``entropy/clipped``, how many were too large even for an escape.

    W&B gets histograms ``entropy/y``, ``entropy/scales_hat``, ``entropy/y_channel_bpp`` and figures
    ``entropy/channels`` (bits of each channel of y) and ``entropy/densities`` (learned densities over what
    they model). Of a hybrid all are its inner codec's.

    Args:
        every_n_validations: see ``ValidationCallback``.
        max_images: how many images.

    Raises:
        ShapeError: if an argument is below 1.
    """

    def __init__(self, every_n_validations: int = 1, max_images: int = 8) -> None:
        super().__init__(every_n_validations)
        if max_images < 1:
            raise ShapeError(f"max_images is 1 or more; got {max_images}.")
        self.max_images = max_images
        self._counts: list[LatentCounts] = []
        self._density: FactorizedDensity | None = None

    def begin(self) -> None:
        """Forget the counts of the last validation."""
        self._counts, self._density = [], None

    def observe(self, trainer: L.Trainer, pl_module: L.LightningModule, image: ObservedImage) -> None:
        """Count the quantised latents of one image, up to ``max_images``, on rank 0."""
        if not trainer.is_global_zero or len(self._counts) >= self.max_images:
            return
        codec, x = inner_of(watched_codec(pl_module), image)
        if self._density is None:
            # When the validation ends, averaged weights may be gone already.
            self._density = None if codec.density is None else copy.deepcopy(codec.density).cpu()
        self._counts.append(count_latents(codec, x, image.coded, size=image.size))

    def finish(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log the statistics of the images that were counted."""
        counts, self._counts = self._counts, []
        if self.broken or not counts:
            return
        log_scalars(trainer, entropy_scalars(counts))
        if wandb_loggers(trainer) and self._density is not None:
            self._to_wandb(trainer, counts, self._density)
        self._density = None

    def _to_wandb(
        self, trainer: L.Trainer, counts: Sequence[LatentCounts], density: FactorizedDensity
    ) -> None:
        import wandb

        per_channel = channel_bpp(counts)
        samples = {
            "entropy/y": torch.cat([image.y.flatten() for image in counts]),
            "entropy/y_channel_bpp": per_channel,
        }
        scales = [image.scales_hat.flatten() for image in counts if image.scales_hat is not None]
        if scales:
            samples["entropy/scales_hat"] = torch.cat(scales)
        histograms = {
            name: wandb.Histogram(np_histogram=_histogram(sample)) for name, sample in samples.items()
        }
        figures = {
            "entropy/channels": draw_channels(per_channel, dead_channels(counts)),
            "entropy/densities": draw_densities(
                density, torch.cat([image.outermost for image in counts], dim=1)
            ),
        }
        drawn = {name: wandb.Image(figure) for name, figure in figures.items()}
        log_media(trainer, {**histograms, **drawn})


def _histogram(sample: Tensor) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    heights, edges = np.histogram(sample[sample.isfinite()].double().numpy(), bins=BINS)
    return heights, edges
