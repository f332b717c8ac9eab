"""Measures the speed of training in patches per second."""

from collections import deque
from time import perf_counter
from typing import Any, NamedTuple

import lightning as L

from litcodec.errors import ShapeError


class _Mark(NamedTuple):
    seconds: float
    patches: int  # since training began, on this rank
    steps: int  # of the optimiser


class PatchThroughput(L.Callback):
    """Logs ``perf/patches_per_s`` (all ranks together) and ``perf/step_s`` (one optimiser step).

    As often as ``log_every_n_steps`` says. Both are wall-clock means over the last batches, waiting for data
    included, validation left out. Nothing is synchronised for it: over a window a device cannot run ahead of
    its host by much.

    Args:
        window: batches to average over.

    Raises:
        ShapeError: if ``window`` is below 1.
    """

    def __init__(self, window: int = 50) -> None:
        if window < 1:
            raise ShapeError(f"window is 1 batch or more; got {window}.")
        self._marks: deque[_Mark] = deque(maxlen=window + 1)
        self._patches = 0

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the batch; Lightning decides whether this step is logged."""
        self._patches += len(batch)
        self._marks.append(_Mark(perf_counter(), self._patches, trainer.global_step))
        first, last = self._marks[0], self._marks[-1]
        if last.steps == first.steps:
            return
        seconds = last.seconds - first.seconds
        rate = (last.patches - first.patches) * trainer.world_size / seconds
        speed = {"perf/patches_per_s": rate, "perf/step_s": seconds / (last.steps - first.steps)}
        # Every rank comes here, only rank 0 keeps the value: no collective.
        pl_module.log_dict(speed, on_step=True, on_epoch=False, rank_zero_only=True, batch_size=1)

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start a new window: the time until the next batch is not training."""
        self._marks.clear()
