"""Peak signal-to-noise ratio of the luma."""

from torch import Tensor

from litcodec.metrics.eight_bit import eight_bit_pair, mean_squared_error
from litcodec.metrics.psnr import decibels


def psnr_luma(x: Tensor, x_hat: Tensor) -> float:
    """PSNR of Y = 0.299 R + 0.587 G + 0.114 B (BT.601, full range) of the two 8-bit images.

    R, G and B are rounded to 8 bits, Y is not: rounding it too would add noise of its own.

    Args:
        x: (3, H, W) or (1, 3, H, W), float in [0, 1] or uint8.
        x_hat: the same shape; clamped to [0, 1].

    Returns:
        dB; inf for identical images, nan if ``x_hat`` holds NaN.

    Raises:
        ShapeError: if these are not two RGB images of one shape.
    """
    levels, levels_hat = eight_bit_pair(x, x_hat)
    return decibels(mean_squared_error(_luma(levels), _luma(levels_hat)))


def _luma(levels: Tensor) -> Tensor:
    red, green, blue = levels.double().unbind(dim=1)
    return 0.299 * red + 0.587 * green + 0.114 * blue
