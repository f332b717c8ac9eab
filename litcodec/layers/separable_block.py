"""A residual block that mixes positions and channels one after the other.

Liu, Mao, Wu, Feichtenhofer, Darrell, Xie, "A ConvNet for the 2020s", CVPR 2022, without its normalisation.
https://arxiv.org/abs/2201.03545
"""

import torch
from torch import Tensor, nn

from litcodec.layers.conv import PointwiseConv2d

ALMOST_NOTHING = 1e-4  # not 0: all weights get gradients from the first step on


class SeparableBlock(nn.Module):
    """``x + contract(silu(expand(depthwise(x))))``, which starts as the identity, or nearly.

    On a CPU a 3x3 depthwise convolution trains in a quarter of the time of a 5x5 one.

    Args:
        channels: C of the (B, C, h, w) that comes in and goes out.
        spread: (C,), the standard deviations to expect of the channels; the depthwise convolution starts by
            making them alike, so that quiet channels are heard. All 1 if not given.
        expansion: channels inside, relative to C.
    """

    def __init__(self, channels: int, *, spread: Tensor | None = None, expansion: int = 2) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.expand = PointwiseConv2d(channels, channels * expansion)
        self.activation = nn.SiLU(inplace=True)
        self.contract = PointwiseConv2d(channels * expansion, channels)
        if not self.contract.weight.is_meta:  # torch would import its compiler, and for nothing
            nn.init.normal_(self.contract.weight, std=ALMOST_NOTHING)
        assert self.contract.bias is not None
        nn.init.zeros_(self.contract.bias)
        if spread is not None and not self.depthwise.weight.is_meta:
            with torch.no_grad():
                self.depthwise.weight.mul_((2 / spread[:, None, None, None]).to(self.depthwise.weight.device))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        change: Tensor = self.contract(self.activation(self.expand(self.depthwise(x))))
        return x + change

    @torch.no_grad()
    def scale_channels(self, factors: Tensor) -> None:
        """Let ``factors * block(x)`` be what ``block(factors * x)`` was; factors (C,), none 0."""
        self.depthwise.weight.mul_(factors[:, None, None, None])
        self.contract.weight.div_(factors[:, None, None, None])
        assert self.contract.bias is not None
        self.contract.bias.div_(factors)
