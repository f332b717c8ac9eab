"""The small tuples that cross rooms."""

from typing import Literal, NamedTuple

from torch import Tensor

Distortion = Literal["mse", "ms-ssim", "mixed"]  # what files record; see ``litcodec.objectives``


class AuxiliaryLoss(NamedTuple):
    """A term that a codec or its latent model adds to the objective, such as a commitment loss."""

    name: str
    value: Tensor  # scalar, weighed already


class CodecOutput(NamedTuple):
    """What a codec's forward pass gives."""

    x_hat: Tensor  # (B, 3, H, W), in [0, 1] when trained, not clamped
    likelihoods: tuple[Tensor, ...]  # float32, outermost latent first: (y,) or (y, z)
    losses: tuple[AuxiliaryLoss, ...] = ()
    y: Tensor | None = None  # (B, M, h, w) before quantisation, of codecs with one latent y
    y_hat: Tensor | None = None  # what the synthesis transform saw
    preserved: Tensor | None = None  # (B, 1, H, W), bool: distortion counts there alone; None: everywhere


class Compressed(NamedTuple):
    """One image as entropy-coded strings."""

    strings: tuple[bytes, ...]  # one per latent, outermost first: (y,) or (y, z)
    size: tuple[int, int]  # (H, W) in pixels, before padding
