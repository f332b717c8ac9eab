"""A metric of an image: a name, how it is written, a function of two images; and one of a set of images."""

from torch import Tensor
from torch.nn.functional import avg_pool2d

from litcodec.metrics import Metric, SetMetric, frechet_distance


def worst(x: Tensor, x_hat: Tensor) -> float:
    """The largest error of (1, 3, H, W) in [0, 1], in levels of 0..255."""
    return float((x - x_hat).abs().max()) * 255


WORST = Metric("worst", "Largest error", "levels", False, 1, worst)


def colours(x: Tensor) -> Tensor:
    """The mean colour of each 32x32 patch of (1, 3, H, W): a row for each patch, (n, 3)."""
    return avg_pool2d(x * 255, 32)[0].flatten(1).T if min(x.shape[2:]) >= 32 else x.new_empty(0, 3)


COLOURS = SetMetric("colours", "Fréchet distance, colours", "levels²", 2, colours, frechet_distance, 16)
