"""Attention made of convolutions only: a local mask, without products between all positions.

Cheng, Sun, Takeuchi, Katto, "Learned image compression with discretized Gaussian mixture likelihoods and
attention modules", CVPR 2020, https://arxiv.org/abs/2001.01568: the "simplified attention module".
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.layers.conv import conv, initialise_conv
from litcodec.layers.residual_block import BRANCH_GAIN


class ResidualBottleneck(nn.Module):
    """``x + conv(x)``: 1x1 to half of the channels, 3x3, 1x1 back, with ReLUs between.

    Args:
        N: C of the (B, C, h, w) that comes in and goes out, at least 2.
    """

    def __init__(self, N: int) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            conv(N, N // 2, kernel_size=1, stride=1),
            nn.ReLU(inplace=True),
            conv(N // 2, N // 2, kernel_size=3, stride=1),
            nn.ReLU(inplace=True),
            conv(N // 2, N, kernel_size=1, stride=1),
        )
        for layer, gain in ((0, 1.0), (2, 1.0), (4, BRANCH_GAIN)):
            each = self.conv[layer]
            assert isinstance(each, nn.Conv2d)
            initialise_conv(each, gain=gain)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, h, w) -> (B, N, h, w)."""
        change: Tensor = self.conv(x)
        return x + change


class _ResidualUnit(ResidualBottleneck):
    """A residual bottleneck with a ReLU after it."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(super().forward(x))


class AttentionBlock(nn.Module):
    """``x + a(x) * sigmoid(b(x))`` of two branches of three residual units each.

    Args:
        N: C of the (B, C, h, w) that comes in and goes out, at least 2.
        full_precision: stays in float32 under autocast; for the last layer before the latent.
    """

    def __init__(self, N: int, *, full_precision: bool = False) -> None:
        super().__init__()
        self.full_precision = full_precision
        self.conv_a = nn.Sequential(*(_ResidualUnit(N) for _ in range(3)))
        self.conv_b = nn.Sequential(
            *(_ResidualUnit(N) for _ in range(3)), conv(N, N, kernel_size=1, stride=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, h, w) -> (B, N, h, w)."""
        if not self.full_precision or x.is_meta:  # which autocast does not know
            return self._attend(x)
        with torch.autocast(x.device.type, enabled=False):
            return self._attend(x.float())

    def _attend(self, x: Tensor) -> Tensor:
        change: Tensor = self.conv_a(x) * torch.sigmoid(self.conv_b(x))
        return x + change
