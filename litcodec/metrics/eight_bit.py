"""Rounds images to the 8 bits that a user would see, which metrics compare."""

import torch
from torch import Tensor

from litcodec.errors import ShapeError


def eight_bit_pair(x: Tensor, x_hat: Tensor) -> tuple[Tensor, Tensor]:
    """Both images as 8-bit levels.

    Args:
        x: (3, H, W) or (1, 3, H, W); float in [0, 1] (what lies outside is clamped, NaN stays NaN) or uint8.
        x_hat: the same shape; float or uint8, whatever ``x`` is.

    Returns:
        Two (1, 3, H, W) float32 tensors of whole numbers 0..255.

    Raises:
        ShapeError: if the shapes differ, or are not those of one RGB image.
    """
    if x.shape != x_hat.shape:
        raise ShapeError(f"an image and its reconstruction differ: {tuple(x.shape)}, {tuple(x_hat.shape)}.")
    if x.dim() not in (3, 4) or x.shape[-3] != 3 or (x.dim() == 4 and x.shape[0] != 1) or 0 in x.shape:
        raise ShapeError(f"a metric takes one image, (3, H, W) or (1, 3, H, W); got {tuple(x.shape)}.")
    return _levels(x), _levels(x_hat)


def mean_squared_error(a: Tensor, b: Tensor) -> float:
    """The mean of ``(a - b)^2``, summed in float64."""
    return float((a - b).square().mean(dtype=torch.float64))


def _levels(x: Tensor) -> Tensor:
    levels = x if x.dtype == torch.uint8 else torch.round(x.detach().float().clamp(0, 1) * 255)
    # A frame of our own makes every later convolution see plain NCHW memory, channels_last or not.
    return levels.float().reshape(1, *x.shape[-3:]).contiguous()
