"""The encoder and the generator of generative compression.

Agustsson, Tschannen, Mentzer, Timofte, Van Gool, "Generative adversarial networks for extreme learned image
compression", ICCV 2019. https://arxiv.org/abs/1804.02958
"""

from torch import nn

from litcodec.layers import FullPrecisionConv2d, InstanceNorm, NormalisedResidualBlock, conv
from litcodec.transforms.hific2020 import downsampling, upsampling


def instance_norm_analysis(*, N: int, M: int) -> nn.Sequential:
    """g_a: x (B, 3, H, W) -> y (B, M, H/16, W/16)."""
    return nn.Sequential(*downsampling(N, InstanceNorm), FullPrecisionConv2d(16 * N, M, 3, padding=1))


def instance_norm_synthesis(*, N: int, M: int, blocks: int) -> nn.Sequential:
    """g_s: y_hat (B, M, h, w) -> x_hat (B, 3, 16h, 16w); residual blocks of 16N channels on (h, w)."""
    return nn.Sequential(
        conv(M, 16 * N, kernel_size=3, stride=1),
        InstanceNorm(16 * N),
        nn.ReLU(inplace=True),
        *(NormalisedResidualBlock(16 * N, InstanceNorm) for _ in range(blocks)),
        *upsampling(N, InstanceNorm),
    )
