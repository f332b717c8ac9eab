"""Colours a map of the bits spent at each position."""

import math

import matplotlib
import numpy as np
import torch
from torch import Tensor

COLOUR_MAP = "viridis"
SMALLEST_SCALE = 0.25  # bits per pixel


def bits_scale(largest: float) -> float:
    """The power of two at or above ``largest``: the colours of two images then mostly mean the same."""
    if not math.isfinite(largest) or largest <= SMALLEST_SCALE:
        return SMALLEST_SCALE
    return math.ldexp(1.0, math.ceil(math.log2(largest)))


def bits_colours(bits: Tensor, scale: float) -> Tensor:
    """A map in viridis.

    Args:
        bits: (H, W), bits per pixel.
        scale: what the brightest colour stands for.

    Returns:
        uint8 (3, H, W).
    """
    shares = (bits / scale).nan_to_num().clamp(0, 1).cpu().numpy()
    colours = matplotlib.colormaps[COLOUR_MAP](shares)[..., :3]
    return torch.from_numpy(np.rint(colours * 255).astype(np.uint8)).permute(2, 0, 1)
