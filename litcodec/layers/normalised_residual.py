"""Residual blocks with normalisation, in a row that is skipped as a whole.

As in Mentzer, Toderici, Tschannen, Agustsson, "High-fidelity generative image compression", NeurIPS 2020,
https://arxiv.org/abs/2006.09965
"""

from collections.abc import Callable

from torch import Tensor, nn

from litcodec.layers.conv import conv, initialise_conv

Norm = Callable[[int], nn.Module]


class NormalisedResidualBlock(nn.Module):
    """``x + norm(conv(relu(norm(conv(x)))))`` with 3x3 kernels, (B, N, h, w) -> the same shape."""

    def __init__(self, N: int, norm: Norm) -> None:
        super().__init__()
        first, second = (conv(N, N, kernel_size=3, stride=1) for _ in range(2))
        initialise_conv(first)
        initialise_conv(second)
        self.branch = nn.Sequential(first, norm(N), nn.ReLU(inplace=True), second, norm(N))

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, h, w) -> (B, N, h, w)."""
        change: Tensor = self.branch(x)
        return x + change


class NormalisedResidualBlocks(nn.Module):
    """``x + blocks(x)``.

    Args:
        N: C of the (B, C, h, w) that comes in and goes out.
        blocks: their number.
        norm: makes a normalisation for a number of channels.
    """

    def __init__(self, N: int, *, blocks: int, norm: Norm) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(NormalisedResidualBlock(N, norm) for _ in range(blocks)))

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, h, w) -> (B, N, h, w)."""
        change: Tensor = self.blocks(x)
        return x + change
