"""Pads an image to multiples of a codec's downsampling factor, and crops it again."""

import torch.nn.functional as F
from torch import Tensor

from litcodec.errors import FreezeError, ShapeError

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


def as_image(x_hat: Tensor, size: tuple[int, int]) -> Tensor:
    """What a network made of latents, cut to H x W and clamped to [0, 1].

    Raises:
        FreezeError: if a value is not finite, which clamping would turn into a black or white pixel.
    """
    x_hat = x_hat[..., : size[0], : size[1]]
    check_finite(x_hat)
    return x_hat.clamp(0, 1).contiguous()


def check_finite(x_hat: Tensor) -> None:
    """Check that a decoded image is one.

    Raises:
        FreezeError: if a value is not finite.
    """
    if not x_hat.isfinite().all():
        raise FreezeError(
            "the decoded image is not finite: the codec has diverged, or the stream is forged. "
            "Use another checkpoint, or get both files again."
        )


def padded_size(H: int, W: int, factor: int) -> tuple[int, int]:
    """The multiples of ``factor`` at or above H and W."""
    return H + -H % factor, W + -W % factor
