"""The small tuples that cross rooms."""

from typing import NamedTuple

from torch import Tensor


class CodecOutput(NamedTuple):
    """What a codec's forward pass gives."""

    x_hat: Tensor  # (B, 3, H, W), in [0, 1] when trained, not clamped
    likelihoods: tuple[Tensor, ...]  # float32, outermost latent first: (y,) or (y, z)


class Compressed(NamedTuple):
    """One image as entropy-coded strings."""

    strings: tuple[bytes, ...]  # one per latent, outermost first: (y,) or (y, z)
    size: tuple[int, int]  # (H, W) in pixels, before padding


class RDLoss(NamedTuple):
    """The training objective and its parts, each a scalar tensor."""

    loss: Tensor  # rate + lmbda * distortion
    rate: Tensor  # estimated bits per pixel
    distortion: Tensor  # 255^2 * MSE, or 1 - MS-SSIM
