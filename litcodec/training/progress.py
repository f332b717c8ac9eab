"""The progress bar of a training that is counted in steps."""

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import RichProgressBar


class StepProgress(RichProgressBar):
    """Lightning's bar without ``Epoch 0/-2`` and the logger's version."""

    def get_metrics(self, trainer: L.Trainer, pl_module: L.LightningModule) -> dict[str, Any]:
        """What was logged for the bar."""
        metrics: dict[str, Any] = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        return metrics

    def _get_train_description(self, current_epoch: int) -> str:
        if self.trainer.max_epochs == -1:
            return "Training".ljust(len(self.validation_description))
        return super()._get_train_description(current_epoch)
