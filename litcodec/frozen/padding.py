"""Any size in, multiples of a codec's downsampling factor inside."""

import torch.nn.functional as F
from torch import Tensor

from litcodec.errors import ShapeError

MARGIN = 1.0  # what networks may overshoot; hardly an image of 0..255 stays within


def check_image(x: Tensor) -> tuple[int, int]:
    """H and W of an image batch.

    Raises:
        ShapeError: if ``x`` is not (B, 3, H, W) with H, W >= 1.
    """
    if x.dim() != 4 or x.shape[1] != 3 or 0 in x.shape:
        raise ShapeError(f"an image batch is (B, 3, H, W) with H, W >= 1; got {tuple(x.shape)}.")
    return x.shape[2], x.shape[3]


def check_range(x: Tensor) -> None:
    """Check that an image is in [0, 1], not in 0..255; a little beyond is none of our business.

    Raises:
        ShapeError: if it is of whole numbers, or a value is below -1 or above 2.
    """
    if not x.is_floating_point():
        raise ShapeError(f"an image batch is float in [0, 1]; got {x.dtype}. Divide it by 255.")
    low, high = (float(v) for v in x.aminmax())
    if low < -MARGIN or high > 1 + MARGIN:
        raise ShapeError(f"an image batch lies in [0, 1]; got {low:g} to {high:g}. Divide it by 255.")


def pad_to(x: Tensor, factor: int) -> Tensor:
    """Repeat the last row and column until H and W are multiples of ``factor``."""
    H, W = padded_size(x.shape[-2], x.shape[-1], factor)
    right, bottom = W - x.shape[-1], H - x.shape[-2]
    return F.pad(x, (0, right, 0, bottom), mode="replicate") if bottom or right else x


def padded_size(H: int, W: int, factor: int) -> tuple[int, int]:
    """The multiples of ``factor`` at or above H and W."""
    return H + -H % factor, W + -W % factor
