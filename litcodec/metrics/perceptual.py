"""Perceptual metrics from packages that include their weights: the extra ``perceptual``.

SSIMULACRA 2 (Sneyers, https://github.com/cloudinary/ssimulacra2), FLIP (Andersson et al. 2020,
doi:10.1145/3406183), GMSD (Xue et al. 2014, arXiv 1308.3052), HaarPSI (Reisenhofer et al. 2018, arXiv
1607.06140), VIF in the pixel domain (Sheikh and Bovik 2006).
"""

import io
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from litcodec.metrics.eight_bit import eight_bit_pair
from litcodec.metrics.packages import package

# Smaller images have no value: the smallest scale would be less than a pixel, or a window would not fit.
SSIMULACRA2_MIN_SIDE = 8
GMSD_MIN_SIDE = 6
HAARPSI_MIN_SIDE = 16
VIF_MIN_SIDE = 41


def ssimulacra2(x: Tensor, x_hat: Tensor) -> float:
    """SSIMULACRA 2: 100 for equal images, about 90 where a difference is invisible, below 0 for bad ones.

    Args:
        x: (3, H, W) or (1, 3, H, W), float in [0, 1] or uint8.
        x_hat: the same shape.

    Returns:
        nan if a side is below 8 pixels.

    Raises:
        ShapeError: if these are not two RGB images of one shape, or the package is missing.
    """
    levels, levels_hat = eight_bit_pair(x, x_hat)
    if min(levels.shape[-2:]) < SSIMULACRA2_MIN_SIDE:
        return float("nan")
    return float(package("ssimulacra2").compute_ssimulacra2(_png(levels), _png(levels_hat)))


def flip(x: Tensor, x_hat: Tensor) -> float:
    """Mean FLIP error, 0 to 1, at 67 pixels per degree of visual angle. As ``ssimulacra2``, any size."""
    pair = [np.ascontiguousarray(_rgb(v), np.float32) / 255 for v in eight_bit_pair(x, x_hat)]
    return float(package("flip_evaluator").evaluate(*pair, "LDR", applyMagma=False)[1])


def gmsd(x: Tensor, x_hat: Tensor) -> float:
    """Standard deviation of the similarity of gradients, 0 for equal images. As ``ssimulacra2``."""
    return _piq("gmsd", x, x_hat, GMSD_MIN_SIDE)


def haarpsi(x: Tensor, x_hat: Tensor) -> float:
    """Similarity of Haar wavelet coefficients, 1 for equal images. As ``ssimulacra2``."""
    return _piq("haarpsi", x, x_hat, HAARPSI_MIN_SIDE)


def vif(x: Tensor, x_hat: Tensor) -> float:
    """Visual information fidelity in the pixel domain, 1 for equal images. As ``ssimulacra2``."""
    return _piq("vif_p", x, x_hat, VIF_MIN_SIDE)


def _piq(name: str, x: Tensor, x_hat: Tensor, minimum_side: int) -> float:
    levels, levels_hat = eight_bit_pair(x, x_hat)
    if min(levels.shape[-2:]) < minimum_side:
        return float("nan")
    measure = getattr(package("piq"), name)
    return float(measure(levels_hat.float() / 255, levels.float() / 255, data_range=1.0))


def _rgb(levels: Tensor) -> "np.ndarray[Any, Any]":
    """(1, 3, H, W) of 0..255 -> (H, W, 3) uint8."""
    return levels[0].permute(1, 2, 0).round().cpu().numpy().astype(np.uint8)


def _png(levels: Tensor) -> io.BytesIO:
    file = io.BytesIO()
    Image.fromarray(_rgb(levels)).save(file, "png", compress_level=1)
    file.seek(0)
    return file
