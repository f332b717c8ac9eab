"""Transforms of residual blocks, 3x3 convolutions and sub-pixel upsampling.

Cheng, Sun, Takeuchi, Katto, "Learned image compression with discretized Gaussian mixture likelihoods and
attention modules", CVPR 2020. https://arxiv.org/abs/2001.01568
"""

from torch import nn

from litcodec.layers import (
    AttentionBlock,
    FullPrecisionConv2d,
    ResidualBlock,
    ResidualBlockDownsample,
    ResidualBlockUpsample,
    conv,
    sub_pixel_conv,
)


def residual_analysis(*, N: int, attention: bool) -> nn.Sequential:
    """g_a: x (B, 3, H, W) -> y (B, N, H/16, W/16); attention at 1/4 of the resolution and on y."""
    return nn.Sequential(
        ResidualBlockDownsample(3, N),
        ResidualBlock(N),
        ResidualBlockDownsample(N, N),
        *([AttentionBlock(N)] if attention else []),
        ResidualBlock(N),
        ResidualBlockDownsample(N, N),
        ResidualBlock(N),
        FullPrecisionConv2d(N, N, 3, 2, padding=1),
        *([AttentionBlock(N, full_precision=True)] if attention else []),
    )


def residual_synthesis(*, N: int, attention: bool) -> nn.Sequential:
    """g_s: y_hat (B, N, h, w) -> x_hat (B, 3, 16h, 16w); attention on y_hat and at 1/4 of the resolution."""
    return nn.Sequential(
        *([AttentionBlock(N)] if attention else []),
        ResidualBlock(N),
        ResidualBlockUpsample(N, N),
        ResidualBlock(N),
        ResidualBlockUpsample(N, N),
        *([AttentionBlock(N)] if attention else []),
        ResidualBlock(N),
        ResidualBlockUpsample(N, N),
        ResidualBlock(N),
        sub_pixel_conv(N, 3),
    )


def residual_hyper_analysis(*, N: int) -> nn.Sequential:
    """h_a: y (B, N, h, w) -> z (B, N, h/4, w/4)."""
    return nn.Sequential(
        conv(N, N, kernel_size=3, stride=1),
        nn.LeakyReLU(inplace=True),
        conv(N, N, kernel_size=3, stride=1),
        nn.LeakyReLU(inplace=True),
        conv(N, N, kernel_size=3),
        nn.LeakyReLU(inplace=True),
        conv(N, N, kernel_size=3, stride=1),
        nn.LeakyReLU(inplace=True),
        conv(N, N, kernel_size=3),
    )


def residual_hyper_synthesis(*, N: int) -> nn.Sequential:
    """h_s: z_hat (B, N, h/4, w/4) -> hyper-parameters (B, 2N, h, w)."""
    return nn.Sequential(
        conv(N, N, kernel_size=3, stride=1),
        nn.LeakyReLU(inplace=True),
        sub_pixel_conv(N, N),
        nn.LeakyReLU(inplace=True),
        conv(N, N * 3 // 2, kernel_size=3, stride=1),
        nn.LeakyReLU(inplace=True),
        sub_pixel_conv(N * 3 // 2, N * 3 // 2),
        nn.LeakyReLU(inplace=True),
        conv(N * 3 // 2, N * 2, kernel_size=3, stride=1),
    )
