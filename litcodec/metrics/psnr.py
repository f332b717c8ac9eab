"""Peak signal-to-noise ratio of an RGB image."""

import math

from torch import Tensor

from litcodec.metrics.eight_bit import eight_bit_pair, mean_squared_error

PEAK = 255.0


def psnr(x: Tensor, x_hat: Tensor) -> float:
    """PSNR over all pixels of R, G and B after rounding both images to 8 bits.

    A data set's PSNR is the mean of this over its images (not the PSNR of a pooled error).

    Args:
        x: (3, H, W) or (1, 3, H, W), float in [0, 1] or uint8.
        x_hat: the same shape; clamped to [0, 1].

    Returns:
        dB; inf for identical images, nan if ``x_hat`` holds NaN.

    Raises:
        ShapeError: if these are not two RGB images of one shape.
    """
    return decibels(mean_squared_error(*eight_bit_pair(x, x_hat)))


def decibels(mse: float) -> float:
    """A mean squared error on the 0..255 scale as dB below the peak."""
    return math.inf if mse == 0 else 10 * math.log10(PEAK**2 / mse)
