"""The 4x(5x5/2) transforms and the scale hyper-transforms.

Ballé, Minnen, Singh, Hwang, Johnston, "Variational image compression with a scale hyperprior", ICLR 2018.
https://arxiv.org/abs/1802.01436
"""

from torch import nn

from litcodec.layers import GDN, FullPrecisionConv2d, conv, deconv


def analysis(*, N: int, M: int, gdn: type[GDN] = GDN) -> nn.Sequential:
    """g_a: x (B, 3, H, W) -> y (B, M, H/16, W/16)."""
    last = FullPrecisionConv2d(N, M, 5, 2, padding=2)
    return nn.Sequential(conv(3, N), gdn(N), conv(N, N), gdn(N), conv(N, N), gdn(N), last)


def synthesis(*, N: int, M: int, gdn: type[GDN] = GDN) -> nn.Sequential:
    """g_s: y_hat (B, M, h, w) -> x_hat (B, 3, 16h, 16w)."""
    return nn.Sequential(
        deconv(M, N),
        gdn(N, inverse=True),
        deconv(N, N),
        gdn(N, inverse=True),
        deconv(N, N),
        gdn(N, inverse=True),
        deconv(N, 3),
    )


def hyper_analysis(*, N: int, M: int) -> nn.Sequential:
    """h_a: abs(y) (B, M, h, w) -> z (B, N, h/4, w/4)."""
    return nn.Sequential(
        conv(M, N, kernel_size=3, stride=1),
        nn.ReLU(inplace=True),
        conv(N, N),
        nn.ReLU(inplace=True),
        conv(N, N),
    )


def hyper_synthesis(*, N: int, M: int) -> nn.Sequential:
    """h_s: z_hat (B, N, h/4, w/4) -> scales_hat (B, M, h, w), >= 0."""
    return nn.Sequential(
        deconv(N, N),
        nn.ReLU(inplace=True),
        deconv(N, N),
        nn.ReLU(inplace=True),
        conv(N, M, kernel_size=3, stride=1),
        nn.ReLU(inplace=True),
    )
