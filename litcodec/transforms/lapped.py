"""Transforms that start as a lapped transform: a DCT of 16x16 blocks behind a filter over block borders.

Tran, Liang, Tu, "Lapped transform via time-domain pre- and post-processing", IEEE Transactions on Signal
Processing 2003. The filter takes the 8 samples on either side of a border. It is orthonormal, so
its transpose undoes it, and basis functions of neighbouring blocks overlap: a quantised coefficient leaves no
step at a block border.
"""

import functools
import math

import torch
from torch import Tensor, nn

from litcodec.layers import FullPrecisionConv2d, SeparableBlock, SubPixelDeconv2d
from litcodec.transforms.cosine import GREY, C, _cosines, _joining, _spread, _waves, latent_spread

BLOCK = 16
REACH = BLOCK // 2  # samples on either side of a border


@functools.cache
def border_filter() -> Tensor:
    """The filter of the 16 samples about a border, (16, 16) float32, which multiplies them from the left.

    ``P = W diag(I, V) W``, ``W = [[I, J], [J, -I]] / sqrt 2``, ``V = J C2' C4 J``, with C2 and C4 the
    orthonormal DCT-II and DCT-IV of 8 samples and J their reversal. Constants stay constant.
    """
    with torch.inference_mode(False):
        eye = torch.eye(REACH, dtype=torch.float64, device="cpu")
        reverse = eye.flip(0)
        odd = torch.arange(REACH, dtype=torch.float64, device="cpu") + 0.5
        fourth = torch.cos(math.pi * odd[:, None] * odd / REACH) * math.sqrt(2 / REACH)
        rotate = reverse @ _cosines(REACH).T @ fourth @ reverse
        fold = torch.cat([torch.cat([eye, reverse], 1), torch.cat([reverse, -eye], 1)]) / math.sqrt(2)
        middle = torch.eye(BLOCK, dtype=torch.float64, device="cpu")
        middle[REACH:, REACH:] = rotate
        matrix: Tensor = fold @ middle @ fold
        return matrix.float()


class BorderFilter(nn.Module):
    """Filters rows, then columns, across every border between blocks of 16x16; image borders are left alone.

    It has no weights and runs in float32 whatever autocast says.

    Args:
        inverse: whether to apply the transpose, which undoes the filter.
    """

    def __init__(self, *, inverse: bool) -> None:
        super().__init__()
        self.inverse = inverse

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W); H and W are multiples of 16."""
        with torch.autocast(x.device.type, enabled=False):
            matrix = border_filter().to(x.device)
            matrix = matrix if self.inverse else matrix.T
            x = x.float()
            for _ in range(2):
                x = _across(x, matrix).transpose(2, 3)
            return x


def _across(x: Tensor, matrix: Tensor) -> Tensor:
    """Multiplies the 16 columns about each border by ``matrix`` from the right."""
    if x.shape[3] <= BLOCK:
        return x
    inner = x[..., REACH:-REACH]
    filtered = (inner.reshape(*inner.shape[:3], -1, BLOCK) @ matrix).flatten(3)
    return torch.cat([x[..., :REACH], filtered, x[..., -REACH:]], dim=3)


def lapped_analysis(*, M: int, step: float, blocks: int) -> nn.Sequential:
    """g_a: x (B, 3, H, W) -> y (B, M, H/16, W/16), initially lapped coefficients in units of ``step``.

    Args:
        M: channels of y, up to 768.
        step: of the quantiser.
        blocks: number of residual blocks at 1/8 of the resolution, initially the identity.
    """
    small = _waves(8, C)
    first, last = FullPrecisionConv2d(3, C, 8, 8), FullPrecisionConv2d(C, M, 2, 2)
    with torch.no_grad():
        first.weight.copy_(small)
        last.weight.copy_(_joining(M) / step)
        assert first.bias is not None
        assert last.bias is not None
        first.bias.copy_(-GREY * small.sum(dim=(1, 2, 3)))
        last.bias.zero_()
    residual = (SeparableBlock(C, spread=_spread(8, C)) for _ in range(blocks))
    return nn.Sequential(BorderFilter(inverse=False), first, *residual, last)


def lapped_synthesis(*, M: int, step: float, blocks: int) -> nn.Sequential:
    """g_s: y_hat (B, M, h, w) -> x_hat (B, 3, 16h, 16w), initially the inverse of ``lapped_analysis``."""
    first, last = SubPixelDeconv2d(M, C, 2, 2), SubPixelDeconv2d(C, 3, 8, 8)
    with torch.no_grad():
        first.weight.copy_(_joining(M) * step)
        last.weight.copy_(_waves(8, C))
        assert first.bias is not None
        assert last.bias is not None
        first.bias.zero_()
        last.bias.fill_(GREY)
    residual = (SeparableBlock(C, spread=_spread(8, C)) for _ in range(blocks))
    return nn.Sequential(
        SeparableBlock(M, spread=latent_spread(M, step)),
        first,
        *residual,
        last,
        BorderFilter(inverse=True),
    )
