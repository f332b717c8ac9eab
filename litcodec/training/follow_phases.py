"""Applies the phases of training."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import lightning as L
from torch.optim import Optimizer

from litcodec.codecs import Codec
from litcodec.training.parts import resting_parts
from litcodec.training.phases import Phase, agreed_steps, phase_at

BarMetrics = dict[str, int | str | float | dict[str, float]]  # as Lightning has it


class FollowPhases(L.Callback):
    """Sets each phase's learning rate, says when it begins, and keeps the optimiser off what rests.

    Logs ``train/phase`` (0, 1, ...), and names the phase in the progress bar.

    Args:
        phases: as ``check_phases`` wants them.
    """

    def __init__(self, phases: Sequence[Phase]) -> None:
        self.phases = phases
        self._announced: int | None = None

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Let the phases say when training ends.

        Raises:
            PhaseError: if the trainer says something else.
        """
        if stage == "fit" and not trainer.fast_dev_run:  # type: ignore[attr-defined]
            trainer.fit_loop.epoch_loop.max_steps = agreed_steps(self.phases, trainer.max_steps)

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Enter the first phase, or the one that a checkpoint lies in."""
        self._announced = None
        self._follow(trainer, pl_module)
        bar = trainer.progress_bar_callback
        if bar is not None:  # numbers can be logged to it, names cannot
            bar.get_metrics = partial(self._shown, bar.get_metrics)  # type: ignore[method-assign]

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Log the phase."""
        pl_module.log("train/phase", float(phase_at(self.phases, trainer.global_step).number))

    def on_before_optimizer_step(
        self, trainer: L.Trainer, pl_module: L.LightningModule, optimizer: Optimizer
    ) -> None:
        """Drop the zeros: for Adam a gradient of 0 is a reason to move on, no gradient is none."""
        codec = pl_module.codec
        assert isinstance(codec, Codec)
        for part in resting_parts(codec, phase_at(self.phases, trainer.global_step).phase):
            part.zero_grad(set_to_none=True)

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Enter the next phase, if it is time."""
        self._follow(trainer, pl_module)

    def _follow(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        at = phase_at(self.phases, trainer.global_step)
        if at.number == self._announced:
            return
        self._announced = at.number
        for group in trainer.optimizers[0].param_groups:
            group["lr"] = at.phase.learning_rate
        pl_module.print(
            f"phase {at.number + 1} of {len(self.phases)}: {at.phase.words}, {at.phase.steps} steps, "
            f"learning rate {at.phase.learning_rate:g}" + (f"; {at.done} steps are done" if at.done else "")
        )

    def _shown(
        self, others: Callable[..., BarMetrics], trainer: L.Trainer, pl_module: L.LightningModule
    ) -> BarMetrics:
        """What the progress bar shows: the phase before the others."""
        at = phase_at(self.phases, trainer.global_step)
        key = f"phase {at.number + 1}/{len(self.phases)}"
        return {key: f"{at.phase} {at.done}/{at.phase.steps}", **others(trainer, pl_module)}
