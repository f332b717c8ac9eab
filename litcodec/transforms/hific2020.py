"""The encoder E and the generator G, and the hyper-synthesis of HiFiC.

Mentzer, Toderici, Tschannen, Agustsson, "High-fidelity generative image compression", NeurIPS 2020.
https://arxiv.org/abs/2006.09965
"""

from itertools import pairwise

from torch import nn

from litcodec.layers import (
    ChannelNorm,
    FullPrecisionConv2d,
    Norm,
    NormalisedResidualBlocks,
    conv,
    deconv,
)


def channel_norm_analysis(*, N: int, M: int) -> nn.Sequential:
    """g_a: x (B, 3, H, W) -> y (B, M, H/16, W/16)."""
    return nn.Sequential(*downsampling(N, ChannelNorm), FullPrecisionConv2d(16 * N, M, 3, padding=1))


def channel_norm_synthesis(*, N: int, M: int, blocks: int) -> nn.Sequential:
    """g_s: y_hat (B, M, h, w) -> x_hat (B, 3, 16h, 16w); residual blocks of 16N channels on (h, w)."""
    return nn.Sequential(
        ChannelNorm(M),
        conv(M, 16 * N, kernel_size=3, stride=1),
        ChannelNorm(16 * N),
        NormalisedResidualBlocks(16 * N, blocks=blocks, norm=ChannelNorm),
        *upsampling(N, ChannelNorm),
    )


def joint_hyper_synthesis(*, N: int, M: int) -> nn.Sequential:
    """h_s: z_hat (B, N, h/4, w/4) -> (scales_hat, means_hat) stacked, (B, 2M, h, w).

    HiFiC has two networks of N channels, one for means and one for scales; this one has 2N, of which these
    two are a special case.
    """
    return nn.Sequential(
        deconv(N, 2 * N),
        nn.ReLU(inplace=True),
        deconv(2 * N, 2 * N),
        nn.ReLU(inplace=True),
        conv(2 * N, 2 * M, kernel_size=3, stride=1),
    )


def downsampling(N: int, norm: Norm) -> list[nn.Module]:
    """From x (B, 3, H, W) to (B, 16N, H/16, W/16), over N, 2N, 4N and 8N channels."""
    return [
        conv(3, N, kernel_size=7, stride=1),
        *_normalised(N, norm),
        *(
            layer
            for width, wider in pairwise(N * 2**k for k in range(5))
            for layer in (conv(width, wider, kernel_size=3), *_normalised(wider, norm))
        ),
    ]


def upsampling(N: int, norm: Norm) -> list[nn.Module]:
    """From (B, 16N, h, w) to x_hat (B, 3, 16h, 16w), over 8N, 4N, 2N and N channels."""
    return [
        *(
            layer
            for width, narrower in pairwise(N * 2**k for k in range(4, -1, -1))
            for layer in (deconv(width, narrower, kernel_size=3), *_normalised(narrower, norm))
        ),
        conv(N, 3, kernel_size=7, stride=1),
    ]


def _normalised(channels: int, norm: Norm) -> tuple[nn.Module, nn.Module]:
    return norm(channels), nn.ReLU(inplace=True)
