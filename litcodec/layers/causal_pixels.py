"""What an autoregressive model of pixels sees: the 28 nearest causal pixels, relative to the MED prediction.

MED is the predictor of LOCO-I: Weinberger, Seroussi, Sapiro, "The LOCO-I lossless image compression
algorithm", IEEE Trans. Image Processing 9(8), 2000.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

# (row, column) relative to the pixel itself. With these, all pixels of equal ``column + 3 * row`` can be
# decoded at once: no pixel sees another of its own or a later step.
PIXEL_OFFSETS = (
    *((0, -k) for k in (1, 2, 3, 4)),
    *((-1, k) for k in range(-4, 3)),
    *((-2, k) for k in range(-3, 4)),
    *((-3, k) for k in range(-3, 4)),
    *((-4, k) for k in (-1, 0, 1)),
)
SLOPE = 3
ABOVE, LEFT, RIGHT = 4, 4, 3  # rows and columns of padding
OUTSIDE = 128  # all pixels above the image
ERRORS_AT = ((0, -1), (-1, 0), (-1, 1), (-1, -1))  # neighbours whose own MED errors are inputs
INPUTS = 3 * len(PIXEL_OFFSETS) + 3 * len(ERRORS_AT) + 6
UNIT = 4  # grey levels in the arguments of asinh

_AT = {offset: k for k, offset in enumerate(PIXEL_OFFSETS)}
_MED_OF = ((0, -1), (-1, 0), (-1, -1))
# Where, among the offsets, W, N and NW of the pixel itself and of the neighbours lie.
MED_INDEXES = tuple(
    tuple(_AT[row + r, column + c] for r, c in _MED_OF) for row, column in ((0, 0), *ERRORS_AT)
)
ERROR_INDEXES = tuple(_AT[offset] for offset in ERRORS_AT)


class PixelInputs(NamedTuple):
    """The input of the network, and what it is relative to."""

    features: Tensor  # (B, INPUTS, H, W)
    prediction: Tensor  # MED, (B, 3, H, W), in 0..255


def pad_causally(v: Tensor) -> Tensor:
    """Surround an image with what a decoder knows in time, (B, 3, H, W) -> (B, 3, 4 + H, 4 + W + 3).

    Left of a row lies the first pixel of the row above, right of it its own last pixel, above all 128.
    """
    above_left = F.pad(v[..., :1], (0, 0, 1, 0), value=OUTSIDE)[:, :, :-1].expand(-1, -1, -1, LEFT)
    rows = torch.cat([above_left, v, v[..., -1:].expand(-1, -1, -1, RIGHT)], dim=3)
    return F.pad(rows, (0, 0, ABOVE, 0), value=OUTSIDE)


def pixel_inputs(v: Tensor) -> PixelInputs:
    """The inputs of every pixel of images (B, 3, H, W), whole numbers in 0..255."""
    H, W = v.shape[2:]
    padded = pad_causally(v)
    seen = [
        padded[:, :, ABOVE + row : ABOVE + row + H, LEFT + column : LEFT + column + W]
        for row, column in PIXEL_OFFSETS
    ]
    prediction, *others = (med(*(seen[k] for k in indexes)) for indexes in MED_INDEXES)
    errors = [seen[k] - other for k, other in zip(ERROR_INDEXES, others, strict=True)]
    activity = torch.stack([error.abs() for error in errors]).sum(dim=0)
    differences = torch.cat([*(s - prediction for s in seen), *errors, activity], dim=1)
    return PixelInputs(torch.cat([torch.asinh(differences / UNIT), prediction / 128 - 1], dim=1), prediction)


def med(west: Tensor, north: Tensor, north_west: Tensor) -> Tensor:
    """The median of W, N and W + N - NW."""
    low, high = torch.minimum(west, north), torch.maximum(west, north)
    return torch.maximum(low, torch.minimum(high, west + north - north_west))


def colour_features(errors: Tensor) -> Tensor:
    """What channels coded before say: their MED errors (B, c, H, W) -> (B, 2 * c, H, W)."""
    return torch.cat([torch.asinh(errors / UNIT), errors / 32], dim=1)
