"""Rate against distortion of real bytes, for an encoder that has a choice."""

import math

import pytorch_msssim
import torch
from torch import Tensor

from litcodec.frozen.base import TrainingInfo
from litcodec.latent_coding import Coded
from litcodec.limits import MS_SSIM_MIN_SIDE
from litcodec.types import mixed


def can_be_weighed(training: TrainingInfo, size: tuple[int, int]) -> bool:
    """Whether ``cost`` is defined for an image of H x W pixels and a codec with these training."""
    if training.lmbda is None:
        return False
    return training.distortion == "mse" or (
        training.distortion in ("ms-ssim", "mixed") and min(size) >= MS_SSIM_MIN_SIDE
    )


def cost(coded: Coded, x_hat: Tensor, x: Tensor, training: TrainingInfo) -> float:
    """``R + lmbda * D`` as a codec's training weighs them, with the bits of real strings.

    Args:
        coded: what the encoder made of ``x``.
        x_hat: what is decoded of it, (1, 3, H, W) in [0, 1].
        x: (1, 3, H, W).
        training: the codec's; lmbda and distortion are known.

    Returns:
        Bits per pixel.
    """
    assert training.lmbda is not None
    pixels = x.shape[2] * x.shape[3]
    x = x.to(x_hat.device, torch.float32)
    if training.distortion == "mse":
        distortion = _squares(x_hat, x)
    elif training.distortion == "ms-ssim":
        distortion = _dissimilarity(x_hat, x)
    else:
        distortion = mixed(_squares(x_hat, x), _dissimilarity(x_hat, x))
    return 8 * sum(map(len, coded.strings)) / pixels + training.lmbda * distortion


def _squares(x_hat: Tensor, x: Tensor) -> float:
    return 255**2 * float((x_hat - x).square().mean(dtype=torch.float64))


def _dissimilarity(x_hat: Tensor, x: Tensor) -> float:
    # Channel by channel: the mean is the same, and takes a third of the memory.
    channels = zip(torch.split(x_hat, 1, dim=1), torch.split(x, 1, dim=1), strict=True)
    found = [float(pytorch_msssim.ms_ssim(a, b, data_range=1.0)) for a, b in channels]
    return 1 - math.fsum(found) / len(found)
