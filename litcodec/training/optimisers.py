"""The optimiser and the scheduler of a run, in the form that Lightning expects."""

import math
import sys
from collections.abc import Iterable
from typing import Any

import lightning as L
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from torch import nn
from torch.optim import Adam
from torch.optim.lr_scheduler import ReduceLROnPlateau

from litcodec.errors import OptionError


def check_number(name: str, value: float, *, zero: bool = False) -> None:
    """Check that an option of training is a finite number above 0 (or 0).

    Raises:
        OptionError: if it is not.
    """
    if not (0 < value < math.inf or (zero and value == 0)):
        raise OptionError(f"{name} is a finite number {'of 0 or more' if zero else 'above 0'}; got {value}.")


def configured(
    parameters: Iterable[nn.Parameter],
    learning_rate: float,
    optimizer: OptimizerCallable | None,
    lr_scheduler: LRSchedulerCallable | None,
) -> Any:
    """What ``LightningModule.configure_optimizers`` returns.

    A scheduler steps after every training step; a ReduceLROnPlateau after every validation, see
    ``step_plateaus``.
    """
    found = Adam(parameters, lr=learning_rate) if optimizer is None else optimizer(parameters)
    if lr_scheduler is None:
        return found
    scheduler = lr_scheduler(found)
    if not isinstance(scheduler, ReduceLROnPlateau):
        return {"optimizer": found, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}
    # Lightning keeps its state, and never steps it: epochs of litcodec are of any length.
    monitor = getattr(scheduler, "monitor", "val/loss")
    about = {"scheduler": scheduler, "monitor": monitor, "interval": "epoch", "frequency": sys.maxsize}
    return {"optimizer": found, "lr_scheduler": about}


def step_plateaus(trainer: L.Trainer) -> None:
    """Let each ReduceLROnPlateau see what the validation that ends has found.

    Raises:
        OptionError: if a monitor is not a metric of this run.
    """
    for config in trainer.lr_scheduler_configs:
        if not config.reduce_on_plateau:
            continue
        metric = trainer.callback_metrics.get(str(config.monitor))
        if metric is None:
            raise OptionError(
                f"model.lr_scheduler monitors {config.monitor!r}, which is not logged; there are "
                f"{', '.join(sorted(trainer.callback_metrics))}."
            )
        config.scheduler.step(metric.item())  # type: ignore[arg-type]
