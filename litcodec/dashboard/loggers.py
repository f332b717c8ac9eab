"""Sends scalars to every logger, images to W&B and TensorBoard, other media to W&B."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import lightning as L
import numpy as np
from lightning.pytorch.loggers import TensorBoardLogger, WandbLogger
from PIL import Image


class LoggedImage(NamedTuple):
    """An image file, and what is said of it."""

    name: str  # TensorBoard shows each under its own
    path: Path
    caption: str


def log_scalars(trainer: L.Trainer, values: Mapping[str, float]) -> None:
    """Send numbers to every logger from rank 0; any rank may call it, none waits for another.

    Numbers that checkpoints or early stopping should be able to watch go through ``pl_module.log`` instead.
    """
    if not trainer.is_global_zero:
        return
    for logger in trainer.loggers:
        logger.log_metrics(dict(values), step=trainer.global_step)
        logger.save()


def log_media(trainer: L.Trainer, media: Mapping[str, Any]) -> None:
    """Send tables, images and histograms to W&B, if a logger is W&B's.

    Through Lightning, so that W&B's own step counter is never set by hand: it would drop what comes late.
    """
    for logger in wandb_loggers(trainer):
        logger.log_metrics(dict(media), step=trainer.global_step)


def log_images(trainer: L.Trainer, key: str, images: Sequence[LoggedImage]) -> None:
    """Send image files to W&B, as one panel ``key``, and to TensorBoard, as ``key/NAME``."""
    if not trainer.is_global_zero:
        return
    if wandb_loggers(trainer):
        import wandb

        log_media(trainer, {key: [wandb.Image(str(each.path), caption=each.caption) for each in images]})
    for logger in trainer.loggers:
        if isinstance(logger, TensorBoardLogger):
            for each in images:
                with Image.open(each.path) as image:
                    pixels = np.asarray(image.convert("RGB"))
                tag = f"{key}/{each.name}"
                logger.experiment.add_image(tag, pixels, trainer.global_step, dataformats="HWC")
                logger.experiment.add_text(tag, each.caption, trainer.global_step)


def wandb_loggers(trainer: L.Trainer) -> list[WandbLogger]:
    """The W&B loggers of this process: empty on every rank but 0, so a run is never touched elsewhere."""
    if not trainer.is_global_zero:
        return []
    return [logger for logger in trainer.loggers if isinstance(logger, WandbLogger)]
