"""Decides whether the grid of the image's size is coded.

It has three quarters of all symbols, and in short fits they cost more than they gain at low rates, or where
an image has little fine detail.
"""

import math

import torch.nn.functional as F
from torch import Tensor

# It is coded if it may save more than this, in bits per pixel; if a rate is wanted, from this rate on.
# Kodak images lose by it at 0.02 and 0.06, are as good at 0.07, and gain at 0.16, 0.19 and 0.23.
FULL_GAIN, FULL_BPP = 0.1, 0.3
BLOCK = 4  # pixels across, whose detail is taken to be of one strength


def choose_finest(x: Tensor, weight: float, bpp: float | None = None) -> int:
    """The finest grid that is coded, 0 or 1.

    Args:
        x: the image, (1, 3, H, W).
        weight: of a bit per pixel, beside the MSE on [0, 1].
        bpp: the rate that is wanted, if any; ``weight`` does not count then.
    """
    if bpp is not None:
        return int(bpp < FULL_BPP)
    return int(_gain(x, weight) < FULL_GAIN)


def _gain(x: Tensor, weight: float) -> float:
    """How much lower R + λD may be with the detail that half of the size loses, in bits per pixel.

    Reverse water-filling over blocks: three independent Gaussian channels whose variance s is above
    D = 3 weight / (2 ln 2) cost 3/2 log2(s / D) bits, and lower the squared error from s to D. A mean of s
    over the image, in place of that, counts texture that is too weak to be coded.
    """
    H, W = x.shape[2:]
    half = F.interpolate(x, size=(-(-H // 2), -(-W // 2)), mode="bicubic", antialias=True)
    again = F.interpolate(half, size=(H, W), mode="bicubic").clamp(0, 1)
    lost = F.avg_pool2d((again - x).square().mean(1, keepdim=True), BLOCK, ceil_mode=True)
    bits = 1.5 / math.log(2)
    ratio = (lost / (bits * weight)).clamp(min=1)
    return float((bits * (ratio - 1 - ratio.log())).mean())
