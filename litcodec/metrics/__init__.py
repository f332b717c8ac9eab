"""How good a reconstruction is and what it costs: one plain function per file, of one image at a time."""

from litcodec.metrics.bd import BDDelta, bd_quality, bd_rate
from litcodec.metrics.bits_per_place import bits_per_place
from litcodec.metrics.bpp import bpp
from litcodec.metrics.ms_ssim import ms_ssim
from litcodec.metrics.ms_ssim_db import ms_ssim_db
from litcodec.metrics.psnr import psnr
from litcodec.metrics.psnr_luma import psnr_luma
from litcodec.metrics.quality import Quality, quality

__all__ = [
    "BDDelta",
    "Quality",
    "bd_quality",
    "bd_rate",
    "bits_per_place",
    "bpp",
    "ms_ssim",
    "ms_ssim_db",
    "psnr",
    "psnr_luma",
    "quality",
]
