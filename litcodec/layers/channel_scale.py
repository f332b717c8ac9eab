"""Factors of a tensor's channels, moved into the weights of the layers before or behind it."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from litcodec.layers.conv import layers_of


@runtime_checkable
class PassesScale(Protocol):
    """A layer that factors of its input's channels can be moved through."""

    def scale_channels(self, factors: Tensor) -> None:
        """Change the weights so that ``factors * layer(x)`` is what ``layer(factors * x)`` was."""


@torch.no_grad()
def scale_outputs(net: nn.Sequential, factors: Tensor) -> bool:
    """Multiply the channels that ``net`` puts out, by changing the weights of its last layer.

    Args:
        net: changed in place.
        factors: (C,).

    Returns:
        Whether the last layer is a convolution, which alone can be changed so.
    """
    last = layers_of(net)[-1]
    if not isinstance(last, nn.Conv2d):
        return False
    last.weight.mul_(factors[:, None, None, None])
    if last.bias is not None:
        last.bias.mul_(factors)
    return True


@torch.no_grad()
def scale_inputs(net: nn.Sequential, factors: Tensor) -> bool:
    """Let ``net(x)`` be what ``net(factors * x)`` was, by changing the weights of its first layers.

    Args:
        net: changed in place.
        factors: (C,), none 0.

    Returns:
        Whether it begins with a convolution, or with layers that pass factors on to one.
    """
    for layer in layers_of(net):
        if isinstance(layer, PassesScale):
            layer.scale_channels(factors)
        elif isinstance(layer, nn.ConvTranspose2d):
            layer.weight.mul_(factors[:, None, None, None])
            return True
        elif isinstance(layer, nn.Conv2d) and layer.groups == 1:
            layer.weight.mul_(factors[:, None, None])
            return True
        else:
            return False
    return False
