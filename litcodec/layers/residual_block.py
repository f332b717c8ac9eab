"""Residual blocks of two 3x3 convolutions, plain, downsampling and upsampling.

Cheng, Sun, Takeuchi, Katto, "Learned image compression with discretized Gaussian mixture likelihoods and
attention modules", CVPR 2020. https://arxiv.org/abs/2001.01568
"""

import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.layers.conv import check_width, conv, initialise_conv
from litcodec.layers.gdn import GDN

# How much a branch adds to what came in, at first: many blocks in a row must not let the signal grow.
BRANCH_GAIN = 0.3


def sub_pixel_conv(in_channels: int, out_channels: int) -> nn.Sequential:
    """A 3x3 convolution whose channels become sub-pixels: multiplies H and W by 2.

    Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel convolutional
    neural network", CVPR 2016. https://arxiv.org/abs/1609.05158
    """
    check_width(in_channels, out_channels)
    convolution = conv(in_channels, 4 * out_channels, kernel_size=3, stride=1)
    initialise_conv(convolution)
    return nn.Sequential(convolution, nn.PixelShuffle(upscale_factor=2))


class ResidualBlock(nn.Module):
    """``x + leaky_relu(conv2(leaky_relu(conv1(x))))``, (B, N, h, w) -> the same shape."""

    def __init__(self, N: int) -> None:
        super().__init__()
        self.conv1 = conv(N, N, kernel_size=3, stride=1)
        self.conv2 = conv(N, N, kernel_size=3, stride=1)
        initialise_conv(self.conv1)
        initialise_conv(self.conv2, gain=BRANCH_GAIN)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, h, w) -> (B, N, h, w)."""
        change = self.conv2(F.leaky_relu(self.conv1(x), inplace=True))
        return x + F.leaky_relu(change, inplace=True)


class ResidualBlockDownsample(nn.Module):
    """``skip(x) + gdn(conv2(leaky_relu(conv1(x))))``, where conv1 and skip (1x1) have stride 2.

    Args:
        in_channels: C of the (B, C, h, w) that comes in.
        out_channels: C' of the (B, C', h/2, w/2) that goes out.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = conv(in_channels, out_channels, kernel_size=3)
        self.conv2 = conv(out_channels, out_channels, kernel_size=3, stride=1)
        self.gdn = GDN(out_channels)
        self.skip = conv(in_channels, out_channels, kernel_size=1)
        for each, gain in ((self.conv1, 1.0), (self.conv2, BRANCH_GAIN), (self.skip, 1.0)):
            initialise_conv(each, gain=gain)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C', h/2, w/2)."""
        change: Tensor = self.gdn(self.conv2(F.leaky_relu(self.conv1(x), inplace=True)))
        skipped: Tensor = self.skip(x)
        return change + skipped


class ResidualBlockUpsample(nn.Module):
    """``upsample(x) + igdn(conv(leaky_relu(subpel_conv(x))))``, both upsamplings by sub-pixels.

    Args:
        in_channels: C of the (B, C, h, w) that comes in.
        out_channels: C' of the (B, C', 2h, 2w) that goes out.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.subpel_conv = sub_pixel_conv(in_channels, out_channels)
        self.conv = conv(out_channels, out_channels, kernel_size=3, stride=1)
        self.igdn = GDN(out_channels, inverse=True)
        self.upsample = sub_pixel_conv(in_channels, out_channels)
        initialise_conv(self.conv, gain=BRANCH_GAIN)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C', 2h, 2w)."""
        change: Tensor = self.igdn(self.conv(F.leaky_relu(self.subpel_conv(x), inplace=True)))
        upsampled: Tensor = self.upsample(x)
        return change + upsampled
