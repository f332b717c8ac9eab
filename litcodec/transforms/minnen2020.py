"""Hyper-transforms with separate decoders for means and scales.

Minnen & Singh, "Channel-wise autoregressive entropy models for learned image compression", ICIP 2020.
https://arxiv.org/abs/2007.08739
"""

from torch import nn

from litcodec.layers import conv, deconv


def narrowing_hyper_analysis(*, N: int, M: int) -> nn.Sequential:
    """h_a: y (B, M, h, w) -> z (B, N, h/4, w/4); M, (N + M) / 2 and N channels after its convolutions."""
    return nn.Sequential(
        conv(M, M, kernel_size=3, stride=1),
        nn.ReLU(inplace=True),
        conv(M, (N + M) // 2),
        nn.ReLU(inplace=True),
        conv((N + M) // 2, N),
    )


def twin_hyper_synthesis(*, N: int, M: int) -> nn.Sequential:
    """h_s: z_hat (B, N, h/4, w/4) -> features for scales, features for means, concatenated, (B, 2M, h, w).

    Two decoders, each with N, (N + M) / 2 and M channels after its convolutions, side by side: both
    see z_hat, then each its own half of the channels.
    """
    return nn.Sequential(
        deconv(N, 2 * N),
        nn.ReLU(inplace=True),
        deconv(2 * N, (N + M) // 2 * 2, groups=2),
        nn.ReLU(inplace=True),
        conv((N + M) // 2 * 2, 2 * M, kernel_size=3, stride=1, groups=2),
    )
