"""How good a reconstruction is and what it costs: one plain function per file, of one image at a time."""

from litcodec.metrics.bd import BDDelta, BDOfImages, RDCurve, bd_quality, bd_rate, bd_rate_of_images
from litcodec.metrics.bits_per_place import bits_per_place
from litcodec.metrics.bpp import bpp
from litcodec.metrics.mean_of_finite import Mean, mean_of_finite
from litcodec.metrics.metric import Metric, MetricInfo, infos, scores_of
from litcodec.metrics.ms_ssim import ms_ssim
from litcodec.metrics.ms_ssim_db import ms_ssim_db
from litcodec.metrics.psnr import psnr
from litcodec.metrics.psnr_luma import psnr_luma
from litcodec.metrics.shipped import (
    FLIP,
    GMSD,
    HAARPSI,
    MS_SSIM,
    MS_SSIM_DB,
    PERCEPTUAL,
    PSNR,
    PSNR_LUMA,
    SHIPPED,
    SSIMULACRA2,
    VIF,
    open_metrics,
)

__all__ = [
    "FLIP",
    "GMSD",
    "HAARPSI",
    "MS_SSIM",
    "MS_SSIM_DB",
    "PERCEPTUAL",
    "PSNR",
    "PSNR_LUMA",
    "SHIPPED",
    "SSIMULACRA2",
    "VIF",
    "BDDelta",
    "BDOfImages",
    "Mean",
    "Metric",
    "MetricInfo",
    "RDCurve",
    "bd_quality",
    "bd_rate",
    "bd_rate_of_images",
    "bits_per_place",
    "bpp",
    "infos",
    "mean_of_finite",
    "ms_ssim",
    "ms_ssim_db",
    "open_metrics",
    "psnr",
    "psnr_luma",
    "scores_of",
]
