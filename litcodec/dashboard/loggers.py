"""Where numbers and pictures go: scalars to every logger, media to W&B alone."""

from collections.abc import Mapping
from typing import Any

import lightning as L
from lightning.pytorch.loggers import WandbLogger


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


def wandb_loggers(trainer: L.Trainer) -> list[WandbLogger]:
    """The W&B loggers of this process: empty on every rank but 0, so a run is never touched elsewhere."""
    if not trainer.is_global_zero:
        return []
    return [logger for logger in trainer.loggers if isinstance(logger, WandbLogger)]
