"""Excludes networks from learning in a step in which they take part."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def held_still(parts: Sequence[nn.Module]) -> Iterator[None]:
    """Within it, weights of ``parts`` are constants: gradients flow through them, and none to them."""
    held = [p for part in parts for p in part.parameters() if p.requires_grad]
    for p in held:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in held:
            p.requires_grad_(True)


def zero_of(*parts: nn.Module) -> Tensor | float:
    """A 0, to be added to a loss, that is a function of every weight of ``parts``.

    DDP waits for a gradient of each weight there is.
    """
    parameters = [p for part in parts for p in part.parameters()]
    return 0 * torch.stack([p.sum() for p in parameters]).sum() if parameters else 0.0
