"""Computes the cost of each part of a codec: parameters, and multiplications per pixel."""

from collections.abc import Iterator
from typing import NamedTuple

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelSummary
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

SIDE = 256  # of the image that multiplications are counted on
_LISTS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


class PartCost(NamedTuple):
    """Of one part of a codec."""

    name: str  # such as "g_a", "latent_model.h_s"
    kind: str  # its class
    parameters: int
    macs_per_pixel: float  # multiplications and additions for each pixel of the image, in one forward pass


def costs_of(codec: nn.Module) -> list[PartCost]:
    """Parameters and multiplications of every named part of a codec that has parameters.

    Args:
        codec: (B, 3, H, W) in [0, 1] -> anything; is called twice, in evaluation mode, and left as it was.
    """
    training, device = codec.training, next(codec.parameters()).device
    H, W = getattr(codec, "only_size", None) or (SIDE, SIDE)
    x = torch.full((1, 3, H, W), 0.5, device=device)
    state = torch.random.get_rng_state()
    codec.eval()
    try:
        with torch.no_grad():
            codec(x)  # what is found out once about a codec is found out here
            with FlopCounterMode(display=False) as counter:
                codec(x)
    finally:
        codec.train(training)
        torch.random.set_rng_state(state)
    root, counts = type(codec).__name__, counter.get_flop_counts()
    return [
        PartCost(
            name,
            type(part).__name__,
            sum(parameter.numel() for parameter in part.parameters()),
            sum(counts.get(f"{root}.{name}", {}).values()) / 2 / (H * W),
        )
        for name, part in _parts(codec, "")
    ]


def _parts(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    """The smallest parts that have a name of their own, and parameters."""
    named = [
        (f"{name}.{child}".lstrip("."), part)
        for child, part in module.named_children()
        if not isinstance(part, (nn.ParameterList, nn.ParameterDict))
    ]
    if isinstance(module, _LISTS) or not named or (name and list(module.parameters(recurse=False))):
        if any(True for _ in module.parameters()):
            yield name, module
        return
    for child, part in named:
        yield from _parts(part, child)


class CostSummary(ModelSummary):
    """Prints what each part of the codec costs when training starts, and logs the sums.

    Logged as hyper-parameters: ``cost/parameters`` and ``cost/kmac_per_pixel``.
    """

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Print and log; of a LightningModule without a codec what Lightning says."""
        codec = getattr(pl_module, "codec", None)
        if not isinstance(codec, nn.Module) or not any(True for _ in codec.parameters()):
            super().on_fit_start(trainer, pl_module)
            return
        if not trainer.is_global_zero:
            return
        costs = costs_of(codec)
        parameters = sum(parameter.numel() for parameter in codec.parameters())
        kmacs = sum(cost.macs_per_pixel for cost in costs) / 1000
        table = Table(title=type(codec).__name__, title_justify="left", show_footer=True)
        table.add_column("part", "all")
        table.add_column("class")
        table.add_column("parameters", f"{parameters:,}", justify="right")
        table.add_column("kMAC per pixel", f"{kmacs:,.1f}", justify="right")
        for cost in costs:
            table.add_row(cost.name, cost.kind, f"{cost.parameters:,}", f"{cost.macs_per_pixel / 1000:,.1f}")
        Console().print(table)
        for logger in trainer.loggers:
            logger.log_hyperparams({"cost/parameters": parameters, "cost/kmac_per_pixel": round(kmacs, 1)})
