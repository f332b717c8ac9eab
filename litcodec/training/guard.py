"""Skips steps whose gradients are not finite, and ends a run that cannot recover."""

import logging
from typing import Any

import lightning as L
import torch
from torch.optim import Optimizer

from litcodec.errors import TrainingDiverged

log = logging.getLogger(__name__)


class NonFiniteGuard(L.Callback):
    """Drops the gradients of a step if any is inf or nan: the optimiser then changes nothing in that step.

    Under DDP the gradients are already averaged, so every rank decides alike. Logs ``train/skipped_steps``.
    Of several optimisers each has a row of its own.

    Args:
        max_in_a_row: this many skipped steps in a row end the run.
    """

    def __init__(self, max_in_a_row: int = 20) -> None:
        self.max_in_a_row = max_in_a_row
        self.skipped = 0
        self._in_a_row: dict[int, int] = {}  # by number of the optimiser

    @property
    def in_a_row(self) -> int:
        """Steps skipped one after the other until now, of the optimiser that has skipped the most."""
        return max(self._in_a_row.values(), default=0)

    def on_before_optimizer_step(
        self, trainer: L.Trainer, pl_module: L.LightningModule, optimizer: Optimizer
    ) -> None:
        """Look at the gradients.

        Raises:
            TrainingDiverged: after ``max_in_a_row`` skipped steps.
        """
        grads = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        finite = bool(torch.nn.utils.get_total_norm(grads).isfinite())
        number = next((k for k, o in enumerate(trainer.optimizers) if _raw(o) is _raw(optimizer)), 0)
        self._in_a_row[number] = 0 if finite else self._in_a_row.get(number, 0) + 1
        if not finite:
            self.skipped += 1
            optimizer.zero_grad(set_to_none=True)  # Adam passes over parameters without a gradient
            log.warning("step %d skipped: its gradients are not finite.", trainer.global_step)
        pl_module.log("train/skipped_steps", float(self.skipped))
        if self.in_a_row >= self.max_in_a_row:
            raise TrainingDiverged(
                f"{self.in_a_row} steps in a row had gradients that are not finite (step "
                f"{trainer.global_step}). Lower model.learning_rate, clip with trainer.gradient_clip_val, or "
                "resume from an earlier checkpoint."
            )

    def state_dict(self) -> dict[str, Any]:
        """Counts, for checkpoints."""
        return {"skipped": self.skipped, "in_a_row": self.in_a_row, "of_each": dict(self._in_a_row)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Counts, from checkpoints."""
        self.skipped = state_dict["skipped"]
        self._in_a_row = dict(state_dict.get("of_each", {0: state_dict["in_a_row"]}))


def _raw(optimizer: Any) -> Optimizer:
    """Itself, not what Lightning wraps it in."""
    found: Optimizer = getattr(optimizer, "optimizer", optimizer)
    return found
