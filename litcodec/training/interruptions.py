"""Stops an interrupted run after its current step, saves that step, and says so."""

import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

import lightning as L
from lightning.pytorch.utilities.exceptions import SIGTERMException

# Lightning itself looks after SIGTERM, and ends with the exit code 0.
EXIT_CODES = {"SIGTERM": 143, "SIGINT": 130, "SIGHUP": 129}


def exit_code(exception: SIGTERMException) -> int:
    """128 + the number of the signal that ended a run, as shells have it."""
    return EXIT_CODES[exception.code if isinstance(exception.code, str) else "SIGTERM"]


class Interruptions(L.Callback):
    """Lets SIGTERM, SIGHUP and Ctrl-C end a run between two steps, with a checkpoint of the step reached.

    A second Ctrl-C ends it at once, without one. Under several processes Ctrl-C does so at the first time,
    because they would not stop at the same step.

    Args:
        checkpoint: where the step is kept.
    """

    def __init__(self, checkpoint: Path) -> None:
        self.checkpoint = checkpoint
        self.ended_by = "SIGTERM"
        self._before: dict[int, Any] = {}

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Take the signals over."""
        if trainer.world_size > 1 or threading.current_thread() is not threading.main_thread():
            return

        def end(number: int, frame: FrameType | None) -> None:
            if self.ended_by == "SIGINT" and number == signal.SIGINT:
                raise KeyboardInterrupt
            self.ended_by = signal.Signals(number).name
            trainer._signal_connector.received_sigterm = True  # looked at after each step

        for name, usual in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
            number = getattr(signal, name, None)  # no SIGHUP on Windows
            if number is not None and signal.getsignal(number) == usual:  # under nohup it is ignored
                self._before[number] = signal.signal(number, end)

    def on_exception(
        self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException
    ) -> None:
        """Keep the step, where the run has stopped between two."""
        if isinstance(exception, SIGTERMException):
            exception.code = self.ended_by  # for ``exit_code``
        if (
            not isinstance(exception, SIGTERMException)
            or trainer.state.fn != "fit"
            or trainer.global_step == 0
        ):
            return
        # No Trainer.save_checkpoint: it waits for processes that may be gone.
        trainer.strategy.save_checkpoint(
            trainer._checkpoint_connector.dump_checkpoint(weights_only=False), self.checkpoint
        )
        pl_module.print(
            f"{self.ended_by}: stopped after step {trainer.global_step}. "
            f"To go on: --ckpt_path {self.checkpoint}"
        )

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()
