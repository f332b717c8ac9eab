"""The 9x9/4, 5x5/2, 5x5/2 transforms of the first paper.

Ballé, Laparra, Simoncelli, "End-to-end optimized image compression", ICLR 2017.
https://arxiv.org/abs/1611.01704
"""

from torch import nn

from litcodec.layers import GDN, FullPrecisionConv2d, conv, deconv


def analysis_9x9(*, N: int, M: int, gdn: type[GDN] = GDN) -> nn.Sequential:
    """g_a: x (B, 3, H, W) -> y (B, M, H/16, W/16). The last layer has no bias and no activation."""
    last = FullPrecisionConv2d(N, M, 5, 2, padding=2, bias=False)
    return nn.Sequential(conv(3, N, kernel_size=9, stride=4), gdn(N), conv(N, N), gdn(N), last)


def synthesis_9x9(*, N: int, M: int, gdn: type[GDN] = GDN) -> nn.Sequential:
    """g_s: y_hat (B, M, h, w) -> x_hat (B, 3, 16h, 16w)."""
    return nn.Sequential(
        deconv(M, N),
        gdn(N, inverse=True),
        deconv(N, N),
        gdn(N, inverse=True),
        deconv(N, 3, kernel_size=9, stride=4),
    )
