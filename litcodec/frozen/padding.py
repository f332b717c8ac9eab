"""Any size in, multiples of a codec's downsampling factor inside."""

import torch.nn.functional as F
from torch import Tensor

from litcodec.errors import ShapeError


def check_image(x: Tensor) -> tuple[int, int]:
    """H and W of an image batch.

    Raises:
        ShapeError: if ``x`` is not (B, 3, H, W) with H, W >= 1.
    """
    if x.dim() != 4 or x.shape[1] != 3 or 0 in x.shape:
        raise ShapeError(f"an image batch is (B, 3, H, W) with H, W >= 1; got {tuple(x.shape)}.")
    return x.shape[2], x.shape[3]


def pad_to(x: Tensor, factor: int) -> Tensor:
    """Repeat the last row and column until H and W are multiples of ``factor``."""
    H, W = padded_size(x.shape[-2], x.shape[-1], factor)
    right, bottom = W - x.shape[-1], H - x.shape[-2]
    return F.pad(x, (0, right, 0, bottom), mode="replicate") if bottom or right else x


def padded_size(H: int, W: int, factor: int) -> tuple[int, int]:
    """The multiples of ``factor`` at or above H and W."""
    return H + -H % factor, W + -W % factor
