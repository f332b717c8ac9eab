"""A metric: a name, how it is written, and a function of two images."""

from torch import Tensor

from litcodec.metrics import Metric


def worst(x: Tensor, x_hat: Tensor) -> float:
    """The largest error of (1, 3, H, W) in [0, 1], in levels of 0..255."""
    return float((x - x_hat).abs().max()) * 255


WORST = Metric("worst", "Largest error", "levels", False, 1, worst)
