"""Distortions: what an objective weighs against the rate. One small class each."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from pytorch_msssim import ms_ssim
from torch import Tensor

from litcodec.limits import MS_SSIM_MIN_SIDE


class Distortion(ABC):
    """How far a reconstruction is from its image: 0 if they are equal.

    A class of one's own has a ``label`` and ``per_image``. Every constructor argument is kept as an attribute
    of the same name, so that a codec file can record it (a frozen dataclass does that by itself).
    """

    label: str  # in legends and log keys: "MSE"
    minimum_side: int = 1  # of an image, in pixels

    @abstractmethod
    def per_image(self, x_hat: Tensor, x: Tensor) -> Tensor:
        """The distortion of each image.

        Args:
            x_hat: float32 (B, 3, H, W), about [0, 1].
            x: the original, of the same shape, in [0, 1]; no side is under ``minimum_side``.

        Returns:
            (B,).
        """


@dataclass(frozen=True)
class MSE(Distortion):
    """``255^2 * MSE``: the mean squared error on the scale of 8-bit values."""

    label = "MSE"

    def per_image(self, x_hat: Tensor, x: Tensor) -> Tensor:
        """The distortion of each image, (B,); both arguments are (B, 3, H, W)."""
        return 255**2 * (x_hat - x).square().mean(dim=(1, 2, 3))


@dataclass(frozen=True)
class MSSSIM(Distortion):
    """``1 - MS-SSIM``.

    Wang, Simoncelli, Bovik, "Multiscale structural similarity for image quality assessment", 2003.
    """

    label = "MS-SSIM"
    minimum_side = MS_SSIM_MIN_SIDE

    def per_image(self, x_hat: Tensor, x: Tensor) -> Tensor:
        """The distortion of each image, (B,); both arguments are (B, 3, H, W)."""
        if torch.is_grad_enabled():
            together: Tensor = ms_ssim(x_hat, x, data_range=1.0, size_average=False)
            return 1 - together
        # Channel by channel: the mean is the same, and takes a third of the memory.
        pairs = zip(torch.split(x_hat, 1, dim=1), torch.split(x, 1, dim=1), strict=True)
        found = [ms_ssim(a, b, data_range=1.0, size_average=False) for a, b in pairs]
        return 1 - torch.stack(found).mean(dim=0)


@dataclass(frozen=True)
class L1(Distortion):
    """``255 * mean |x_hat - x|``: the mean absolute error on the scale of 8-bit values."""

    label = "L1"

    def per_image(self, x_hat: Tensor, x: Tensor) -> Tensor:
        """The distortion of each image, (B,); both arguments are (B, 3, H, W)."""
        return 255 * (x_hat - x).abs().mean(dim=(1, 2, 3))


@dataclass(frozen=True)
class Charbonnier(Distortion):
    """``255 * mean(sqrt((x_hat - x)^2 + epsilon^2) - epsilon)``: L1 with a gradient at 0.

    Charbonnier et al., "Two deterministic half-quadratic regularization algorithms for computed imaging",
    1994.

    Args:
        epsilon: errors below it, in [0, 1], weigh about as their squares.
    """

    epsilon: float = 1e-3
    label = "Charbonnier"

    def per_image(self, x_hat: Tensor, x: Tensor) -> Tensor:
        """The distortion of each image, (B,); both arguments are (B, 3, H, W)."""
        smooth = ((x_hat - x).square() + self.epsilon**2).sqrt() - self.epsilon
        return 255 * smooth.mean(dim=(1, 2, 3))
