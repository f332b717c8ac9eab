"""Mixtures of logistics of L3C, in fixed point, for pixels and for the levels of z.

Of pixels each component has a coefficient: the mean of G depends on R, that of B on both.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from litcodec.coding import PRECISION, Logistics, logistics_of, sigmoid
from litcodec.entropy.fixed_point import FRACTION_BITS

MEAN_UNIT = 64  # grey levels for 1 of the network's means of pixels
MEAN_UNIT_OF_LEVELS = 4
MIDDLE = 128  # of the grey levels

Floats = npt.NDArray[np.float64]
Wide = npt.NDArray[np.int64]


def pixel_means(means: Tensor, coefficients: Tensor, v: Tensor) -> Tensor:
    """Means in grey levels, in training; ``pixel_mixtures`` is the same in fixed point.

    Args:
        means: of the network, (B, 3, K, H, W).
        coefficients: of the network, (B, 3, K, H, W): of R for G, of R and of G for B.
        v: grey levels, (B, 3, H, W).
    """
    a, b, c = torch.sigmoid(coefficients).unbind(dim=1)
    red, green = (v[:, k, None] - MIDDLE for k in (0, 1))
    shifts = torch.stack([torch.zeros_like(a), a * red, b * red + c * green], dim=1)
    return MEAN_UNIT * means + MIDDLE + shifts


def pixel_mixtures(parameters: Floats, before: Wide) -> Logistics:
    """Of the grey levels of the next channel of n pixels.

    Args:
        parameters: (3, 4 * K, n), whole numbers in units of 2^-12: logits, means, log-scales, coefficients.
        before: grey levels of the channels before, (c, n).
    """
    c, (_, rows, n) = len(before), parameters.shape
    kinds = parameters.reshape(3, 4, rows // 4, n)
    logits, means, log_scales = kinds[c, :3]
    means = means * MEAN_UNIT + (MIDDLE << FRACTION_BITS)
    if c:
        coefficients = kinds[:1, 3] if c == 1 else kinds[1:, 3]
        products = (sigmoid(coefficients) * (before - MIDDLE)[:, None]).sum(axis=0)
        means += np.floor(np.ldexp(products, FRACTION_BITS - PRECISION))
    return logistics_of(np.concatenate([logits, means, log_scales]).T)


def level_mixtures(parameters: Floats, radius: int) -> Logistics:
    """Of the levels from 0 of n values.

    Args:
        parameters: (3 * K, n), whole numbers in units of 2^-12: logits, means, log-scales.
        radius: the middle level.
    """
    logits, means, log_scales = np.split(parameters, 3)
    means = means * MEAN_UNIT_OF_LEVELS + (radius << FRACTION_BITS)
    return logistics_of(np.concatenate([logits, means, log_scales]).T)
