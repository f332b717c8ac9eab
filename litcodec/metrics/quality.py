"""All that is measured of a reconstruction."""

from typing import NamedTuple

from torch import Tensor

from litcodec.metrics.ms_ssim import ms_ssim
from litcodec.metrics.ms_ssim_db import ms_ssim_db
from litcodec.metrics.psnr import psnr
from litcodec.metrics.psnr_luma import psnr_luma


class Quality(NamedTuple):
    """Of one image."""

    psnr: float  # RGB, dB
    psnr_luma: float  # dB
    ms_ssim: float  # nan if a side is under 161
    ms_ssim_db: float


def quality(x: Tensor, x_hat: Tensor) -> Quality:
    """How good ``x_hat`` is.

    Args:
        x: the image, as the single metrics take it.
        x_hat: the same shape.
    """
    similarity = ms_ssim(x, x_hat)
    return Quality(psnr(x, x_hat), psnr_luma(x, x_hat), similarity, ms_ssim_db(similarity))
