"""Masked convolutions, which use only positions that a decoder already knows."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MaskedConv2d(nn.Conv2d):
    """A k x k convolution without some of its taps.

    Args:
        in_channels: C of the (B, C, h, w) that comes in.
        out_channels: C of what goes out, of the same h and w.
        kernel_size: k, odd.
        taps: those it has, ascending, counted in raster order.
    """

    mask: Tensor

    def __init__(self, in_channels: int, out_channels: int, *, kernel_size: int, taps: Sequence[int]) -> None:
        super().__init__(in_channels, out_channels, kernel_size, padding=kernel_size // 2)
        self.taps = list(taps)
        mask = torch.zeros(kernel_size**2)
        mask[self.taps] = 1
        # Not saved: it is the same for all.
        self.register_buffer("mask", mask.reshape(kernel_size, kernel_size), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C', h, w)."""
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.kernel_size[0] // 2)

    def offsets(self) -> list[tuple[int, int]]:
        """(row, column) of each place it sees, relative to its own, in raster order."""
        k = self.kernel_size[0]
        return [(tap // k - k // 2, tap % k - k // 2) for tap in self.taps]

    def pointwise(self) -> nn.Conv2d:
        """The 1x1 convolution that gives the same of the values at ``offsets()``, one after the other.

        Its input has ``len(offsets()) * C`` channels: those of the first offset, those of the second, ...
        """
        k, device = self.kernel_size[0], self.weight.device
        if self.weight.is_meta:  # to index there makes torch import half a second of what it has
            weight = torch.empty(self.out_channels, len(self.taps) * self.in_channels, device="meta")
        else:
            weight = self.weight.detach().reshape(self.out_channels, self.in_channels, k * k)
            weight = weight[..., self.taps].transpose(1, 2).flatten(1)
        made = nn.Conv2d(weight.shape[1], self.out_channels, 1, device="meta").requires_grad_(False)
        made.weight = nn.Parameter(weight[:, :, None, None].contiguous(), requires_grad=False)
        bias = torch.zeros(self.out_channels, device=device) if self.bias is None else self.bias.detach()
        made.bias = nn.Parameter(bias.clone(), requires_grad=False)
        return made

    def from_pointwise(self, weight: Tensor) -> Tensor:
        """The weight of this convolution whose ``pointwise`` has ``weight``; 0 where it has no taps."""
        k = self.kernel_size[0]
        taps = weight.reshape(self.out_channels, len(self.taps), self.in_channels).transpose(1, 2)
        made = weight.new_zeros(self.out_channels, self.in_channels, k * k)
        made[..., self.taps] = taps
        return made.reshape(self.weight.shape)


class CausalConv2d(MaskedConv2d):
    """Without its own place and those after it in raster order.

    van den Oord, Kalchbrenner, Kavukcuoglu, "Pixel recurrent neural networks", ICML 2016 (mask A).
    https://arxiv.org/abs/1601.06759
    """

    def __init__(self, in_channels: int, out_channels: int, *, kernel_size: int = 5) -> None:
        super().__init__(in_channels, out_channels, kernel_size=kernel_size, taps=range(kernel_size**2 // 2))


class CheckerboardConv2d(MaskedConv2d):
    """Without the places of its own place's colour, were all places those of a checkerboard.

    He, Zheng, Sun, Wang, Qin, "Checkerboard context model for efficient learned image compression", CVPR
    2021. https://arxiv.org/abs/2103.15306
    """

    def __init__(self, in_channels: int, out_channels: int, *, kernel_size: int = 5) -> None:
        # The middle tap's number is even, and neighbours' numbers differ by 1 or by the odd kernel size.
        super().__init__(in_channels, out_channels, kernel_size=kernel_size, taps=range(1, kernel_size**2, 2))
