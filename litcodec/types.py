"""The small tuples that cross rooms."""

from typing import Literal, NamedTuple, TypeVar

from torch import Tensor

Distortion = Literal["mse", "ms-ssim", "mixed"]  # what files record; see ``litcodec.objectives``
MS_SSIM_SHARE = 0.2  # of "mixed"
# What one 1 - MS-SSIM weighs, in 255^2 * MSE: the middle of the ratios of the field's lmbdas.
MS_SSIM_WORTH = 1275.0
T = TypeVar("T", float, Tensor)


def mixed(squares: T, dissimilarity: T) -> T:
    """The distortion "mixed" of ``255^2 * MSE`` and ``1 - MS-SSIM``."""
    return (1 - MS_SSIM_SHARE) * squares + MS_SSIM_SHARE * MS_SSIM_WORTH * dissimilarity


class CodecOutput(NamedTuple):
    """What a codec's forward pass gives."""

    x_hat: Tensor  # (B, 3, H, W), in [0, 1] when trained, not clamped
    likelihoods: tuple[Tensor, ...]  # float32, outermost latent first: (y,) or (y, z)


class Compressed(NamedTuple):
    """One image as entropy-coded strings."""

    strings: tuple[bytes, ...]  # one per latent, outermost first: (y,) or (y, z)
    size: tuple[int, int]  # (H, W) in pixels, before padding
