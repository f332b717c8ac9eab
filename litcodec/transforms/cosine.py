"""Transforms that start as the discrete cosine transform of 16x16 blocks, and learn from there.

Training spends its first hours on what is known since Ahmed, Natarajan, Rao, "Discrete cosine transform",
IEEE Trans. Computers 1974: that images are compact in orthonormal DCT bases of decorrelated
colours, with most coefficients nearly 0. Here the weights start exactly there: 8x8 blocks of all three
colours become 192 coefficients, 2x2 of these blocks the M strongest of the 768 coefficients of 16x16.
Residual blocks in between start as the identity and learn the rest: what neighbouring blocks have in common,
and how to decode rounded coefficients.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.layers import FullPrecisionConv2d, SeparableBlock, SubPixelDeconv2d, conv, deconv

C = 192  # all waves of 8x8 pixels of 3 colours
GREY = 0.45
PIXEL_SPREAD = 0.25  # standard deviation of an image's pixels
# Of luma, red against blue, and green against both. Measured on 170 photographs: 1, 0.12, 0.027 of pixels and
# 1, 0.054, 0.024 of the differences between neighbours.
COLOUR_POWERS = (1.0, 0.09, 0.03)
# Also where a codec is built without memory for weights, on torch's "meta": there a norm makes torch import
# its compiler, which takes longer than to compress an image.
ON = "cpu"


def best_step(lmbda: float) -> float:
    """The step that a uniform quantiser of waves should have at high rates, 0.18 for lmbda = 0.0122.

    There ``D = 255^2 * step^2 / 12``, and each of a pixel's three waves costs ``-log2(step)`` bits.
    """
    return math.sqrt(18 / (math.log(2) * 255**2 * lmbda))


def cosine_analysis(*, M: int, step: float) -> nn.Sequential:
    """g_a: x (B, 3, H, W) -> y (B, M, H/16, W/16), at the start waves in units of ``step``."""
    small = _waves(8, C)
    first, last = FullPrecisionConv2d(3, C, 8, 8), FullPrecisionConv2d(C, M, 2, 2)
    with torch.no_grad():
        first.weight.copy_(small)
        assert first.bias is not None
        assert last.bias is not None
        first.bias.copy_(-GREY * small.sum(dim=(1, 2, 3)))
        last.weight.copy_(_joining(M) / step)
        last.bias.zero_()
    return nn.Sequential(first, *(SeparableBlock(C, spread=_spread(8, C)) for _ in range(3)), last)


def cosine_synthesis(*, M: int, step: float) -> nn.Sequential:
    """g_s: y_hat (B, M, h, w) -> x_hat (B, 3, 16h, 16w), at the start the inverse of ``cosine_analysis``."""
    first, last = SubPixelDeconv2d(M, C, 2, 2), SubPixelDeconv2d(C, 3, 8, 8)
    with torch.no_grad():
        first.weight.copy_(_joining(M) * step)
        last.weight.copy_(_waves(8, C))
        assert first.bias is not None
        assert last.bias is not None
        first.bias.zero_()
        last.bias.fill_(GREY)
    return nn.Sequential(
        SeparableBlock(M, spread=latent_spread(M, step)),
        first,
        *(SeparableBlock(C, spread=_spread(8, C)) for _ in range(3)),
        last,
    )


def cosine_hyper_analysis(*, N: int, M: int) -> nn.Sequential:
    """h_a: y (B, M, h, w) -> z (B, N, h/4, w/4)."""
    return nn.Sequential(
        conv(M, N, kernel_size=1, stride=1),
        nn.LeakyReLU(inplace=True),
        conv(N, N),
        nn.LeakyReLU(inplace=True),
        conv(N, N),
    )


def cosine_hyper_synthesis(*, N: int, M: int) -> nn.Sequential:
    """h_s: z_hat (B, N, h/4, w/4) -> (logarithms of scales, means) stacked, (B, 2M, h, w)."""
    return nn.Sequential(
        deconv(N, N),
        nn.LeakyReLU(inplace=True),
        deconv(N, N * 3 // 2),
        nn.LeakyReLU(inplace=True),
        conv(N * 3 // 2, 2 * M, kernel_size=1, stride=1),
    )


def latent_spread(M: int, step: float) -> Tensor:
    """Standard deviations to expect of y's channels at the start, rounding included, (M,)."""
    return _spread(16, M) / step + 0.3


def _cosines(n: int) -> Tensor:
    """The orthonormal DCT-II, (n, n): frequency, place."""
    steps = torch.arange(n, dtype=torch.float64, device=ON)
    waves = torch.cos(math.pi * (steps + 0.5) * steps[:, None] / n) * math.sqrt(2 / n)
    waves[0] /= math.sqrt(2)
    return waves


def _powers(n: int) -> Tensor:
    """Of the waves of n x n pixels, (3 * n * n,), relative: they fall as the square of the frequency."""
    frequencies = torch.arange(n, dtype=torch.float64, device=ON)
    squares = frequencies[:, None] ** 2 + frequencies**2
    return (
        torch.tensor(COLOUR_POWERS, dtype=torch.float64, device=ON)[:, None, None] / (squares + 0.3)
    ).flatten()


def _by_power(n: int, count: int) -> Tensor:
    return _powers(n).argsort(descending=True, stable=True)[:count]


def _waves(n: int, count: int) -> Tensor:
    """The ``count`` most powerful waves, (count, 3, n, n) float64, orthonormal."""
    colours = torch.tensor([[1, 1, 1], [1, 0, -1], [-0.5, 1, -0.5]], dtype=torch.float64, device=ON)
    colours /= colours.norm(dim=1, keepdim=True)
    waves = torch.einsum("cr,ui,vj->cuvrij", colours, _cosines(n), _cosines(n)).reshape(-1, 3, n, n)
    return waves[_by_power(n, count)]


def _joining(M: int) -> Tensor:
    """What 2x2 blocks' waves of 8x8 make of waves of 16x16, (M, C, 2, 2) float64, orthonormal."""
    return F.conv2d(_waves(16, M), _waves(8, C), stride=8)


def _spread(n: int, count: int) -> Tensor:
    """Standard deviations to expect of the waves, (count,)."""
    powers = _powers(n)[_by_power(n, count)]
    return (n * PIXEL_SPREAD * (powers / powers[0]).sqrt() + 0.01).float()
