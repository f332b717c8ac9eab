"""How good a reconstruction is and what it costs: plain functions of one image at a time, or of a set."""

from litcodec.metrics.bd import BDDelta, BDOfImages, RDCurve, bd_quality, bd_rate, bd_rate_of_images
from litcodec.metrics.bits_per_place import bits_per_place
from litcodec.metrics.bpp import bpp
from litcodec.metrics.frechet import frechet_distance
from litcodec.metrics.mean_of_finite import Mean, mean_of_finite
from litcodec.metrics.metric import Metric, MetricInfo, infos, scores_of
from litcodec.metrics.ms_ssim import ms_ssim
from litcodec.metrics.ms_ssim_db import ms_ssim_db
from litcodec.metrics.psnr import psnr
from litcodec.metrics.psnr_luma import psnr_luma
from litcodec.metrics.set_metric import Divergence, SetMetric, check_patches, divergence
from litcodec.metrics.shipped import (
    EFFNET_FRECHET,
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
    VMAF,
    XPSNR,
    OpenedMetrics,
    open_all_metrics,
    open_metrics,
)

__all__ = [
    "EFFNET_FRECHET",
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
    "VMAF",
    "XPSNR",
    "BDDelta",
    "BDOfImages",
    "Divergence",
    "Mean",
    "Metric",
    "MetricInfo",
    "OpenedMetrics",
    "RDCurve",
    "SetMetric",
    "bd_quality",
    "bd_rate",
    "bd_rate_of_images",
    "bits_per_place",
    "bpp",
    "check_patches",
    "divergence",
    "frechet_distance",
    "infos",
    "mean_of_finite",
    "ms_ssim",
    "ms_ssim_db",
    "open_all_metrics",
    "open_metrics",
    "psnr",
    "psnr_luma",
    "scores_of",
]
