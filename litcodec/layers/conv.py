"""The convolutions that every transform of the family is made of."""

import torch
from torch import Tensor, nn


class FullPrecisionConv2d(nn.Conv2d):
    """A convolution that stays in float32 under autocast.

    The last layer before the latent: in bfloat16 a latent of 100 would sit on a grid of 0.5 and the rate
    estimate would describe that grid instead of the latent.
    """

    def forward(self, x: Tensor) -> Tensor:
        """As ``nn.Conv2d``, in float32 whatever autocast says."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float())


def conv(in_channels: int, out_channels: int, *, kernel_size: int = 5, stride: int = 2) -> nn.Conv2d:
    """A convolution that divides H and W by ``stride``; 5x5/2 unless told otherwise."""
    return nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2)


def deconv(
    in_channels: int, out_channels: int, *, kernel_size: int = 5, stride: int = 2
) -> nn.ConvTranspose2d:
    """A transposed convolution that multiplies H and W by ``stride``."""
    return nn.ConvTranspose2d(
        in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, output_padding=stride - 1
    )
