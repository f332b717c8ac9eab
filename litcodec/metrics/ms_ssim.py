"""Multi-scale structural similarity.

Wang, Simoncelli, Bovik, "Multi-scale structural similarity for image quality assessment", Asilomar 2003.
"""

import math

import pytorch_msssim
import torch
from torch import Tensor

from litcodec.limits import MS_SSIM_MIN_SIDE
from litcodec.metrics.eight_bit import eight_bit_pair


def ms_ssim(x: Tensor, x_hat: Tensor) -> float:
    """MS-SSIM of the two 8-bit RGB images, the mean over R, G and B.

    Args:
        x: (3, H, W) or (1, 3, H, W), float in [0, 1] or uint8.
        x_hat: the same shape; clamped to [0, 1].

    Returns:
        In [0, 1]; nan if a side is below 161 pixels, where five scales do not fit, or if ``x_hat`` holds NaN.

    Raises:
        ShapeError: if these are not two RGB images of one shape.
    """
    levels, levels_hat = eight_bit_pair(x, x_hat)
    if min(levels.shape[-2:]) < MS_SSIM_MIN_SIDE:
        return math.nan
    # Variances are differences of large numbers: in half precision they would be noise.
    with torch.no_grad(), torch.autocast(levels.device.type, enabled=False):
        # Channel by channel: the mean is the same, and 24 megapixels need a third of the memory.
        values = [
            float(pytorch_msssim.ms_ssim(levels[:, c : c + 1], levels_hat[:, c : c + 1], data_range=255))
            for c in range(3)
        ]
        return sum(values) / len(values)
