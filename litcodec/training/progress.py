"""The progress bar of a training that is counted in steps."""

from time import monotonic
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import RichProgressBar

LINE_S = 60.0  # between two lines where there is no terminal


class StepProgress(RichProgressBar):
    """Lightning's bar without ``Epoch 0/-2`` and the logger's version; a line now and then on a pipe."""

    _said: float | None = None

    def get_metrics(self, trainer: L.Trainer, pl_module: L.LightningModule) -> dict[str, Any]:
        """What was logged for the bar."""
        metrics: dict[str, Any] = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        return metrics

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Advance the bar; print a line now and then where there is no terminal."""
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        self._line(trainer, pl_module, "")

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Advance the bar; print a line now and then where there is no terminal."""
        super().on_validation_batch_end(trainer, pl_module, outputs, batch, batch_idx, dataloader_idx)
        self._line(trainer, pl_module, f", validation image {batch_idx + 1}")

    def _line(self, trainer: L.Trainer, pl_module: L.LightningModule, where: str) -> None:
        if self.is_disabled or self._console is None or self._console.is_terminal:
            return
        now = monotonic()
        if self._said is None:
            self._said = now
        if now - self._said < LINE_S:
            return
        self._said = now
        of = f" of {trainer.max_steps:,}" if trainer.max_steps > 0 else ""
        values = "".join(
            f", {name}: {value:.4g}" if isinstance(value, float) else f", {name}: {value}"
            for name, value in self.get_metrics(trainer, pl_module).items()
        )
        print(f"step {trainer.global_step:,}{of}{where}{values}", flush=True)

    def _get_train_description(self, current_epoch: int) -> str:
        if self.trainer.max_epochs == -1:
            return "Training".ljust(len(self.validation_description))
        return super()._get_train_description(current_epoch)
