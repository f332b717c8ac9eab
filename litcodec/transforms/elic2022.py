"""Transforms of 5x5 convolutions, residual bottlenecks and attention, without normalisation.

He, Yang, Peng, Ma, Qin, Wang, "ELIC: efficient learned image compression with unevenly grouped space-channel
contextual adaptive coding", CVPR 2022. https://arxiv.org/abs/2203.10886
"""

from torch import nn

from litcodec.layers import AttentionBlock, FullPrecisionConv2d, ResidualBottleneck, conv, deconv


def bottleneck_analysis(*, N: int, M: int) -> nn.Sequential:
    """g_a: x (B, 3, H, W) -> y (B, M, H/16, W/16); attention at 1/4 of the resolution and on y."""
    return nn.Sequential(
        conv(3, N),
        *_bottlenecks(N),
        conv(N, N),
        *_bottlenecks(N),
        AttentionBlock(N),
        conv(N, N),
        *_bottlenecks(N),
        FullPrecisionConv2d(N, M, 5, 2, padding=2),
        AttentionBlock(M, full_precision=True),
    )


def bottleneck_synthesis(*, N: int, M: int) -> nn.Sequential:
    """g_s: y_hat (B, M, h, w) -> x_hat (B, 3, 16h, 16w); attention on y_hat and at 1/4 of the resolution."""
    return nn.Sequential(
        AttentionBlock(M),
        deconv(M, N),
        *_bottlenecks(N),
        deconv(N, N),
        AttentionBlock(N),
        *_bottlenecks(N),
        deconv(N, N),
        *_bottlenecks(N),
        deconv(N, 3),
    )


def relu_hyper_analysis(*, N: int, M: int) -> nn.Sequential:
    """h_a: y (B, M, h, w) -> z (B, N, h/4, w/4)."""
    return nn.Sequential(
        conv(M, N, kernel_size=3, stride=1),
        nn.ReLU(inplace=True),
        conv(N, N),
        nn.ReLU(inplace=True),
        conv(N, N),
    )


def relu_hyper_synthesis(*, N: int, M: int) -> nn.Sequential:
    """h_s: z_hat (B, N, h/4, w/4) -> hyper-parameters (B, 2M, h, w)."""
    return nn.Sequential(
        deconv(N, N),
        nn.ReLU(inplace=True),
        deconv(N, N * 3 // 2),
        nn.ReLU(inplace=True),
        conv(N * 3 // 2, M * 2, kernel_size=3, stride=1),
    )


def _bottlenecks(N: int) -> list[ResidualBottleneck]:
    return [ResidualBottleneck(N) for _ in range(3)]
