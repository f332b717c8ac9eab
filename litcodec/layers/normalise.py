"""Normalisation to mean 0 and variance 1, over the channels of a pixel or the pixels of a channel."""

import torch
from torch import Tensor, nn

from litcodec.errors import ShapeError


class ChannelNorm(nn.Module):
    """Over the channels of each pixel, so that nothing depends on the size of an image; affine.

    Mentzer, Toderici, Tschannen, Agustsson, "High-fidelity generative image compression", NeurIPS 2020.
    https://arxiv.org/abs/2006.09965

    Args:
        channels: C of the (B, C, h, w) that comes in and goes out, at least 2.

    Raises:
        ShapeError: if there are fewer.
    """

    epsilon = 1e-3

    def __init__(self, channels: int) -> None:
        super().__init__()
        if channels < 2:
            raise ShapeError(f"ChannelNorm needs 2 channels or more; got {channels}.")
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w); computed in float32 also under autocast."""
        variance, mean = torch.var_mean(x.float(), dim=1, keepdim=True)
        return _affine(x, mean, variance + self.epsilon, self.gamma, self.beta)


class InstanceNorm(nn.Module):
    """Over all pixels of each channel of an image; affine. Unlike torch's, it takes single pixels too.

    Ulyanov, Vedaldi, Lempitsky, "Instance normalization: the missing ingredient for fast stylization", 2016.
    https://arxiv.org/abs/1607.08022

    Args:
        channels: C of the (B, C, h, w) that comes in and goes out.
    """

    epsilon = 1e-5

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w); computed in float32 also under autocast."""
        variance, mean = torch.var_mean(x.float(), dim=(2, 3), keepdim=True, correction=0)
        return _affine(x, mean, variance + self.epsilon, self.gamma, self.beta)


def _affine(x: Tensor, mean: Tensor, variance: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    normalised = (x.float() - mean) * variance.rsqrt()
    return (normalised * gamma[:, None, None] + beta[:, None, None]).to(x.dtype)
