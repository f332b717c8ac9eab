"""Formats numbers that may be missing."""

import math


def finite(value: float) -> float | None:
    """None for the PSNR of a lossless image and for the MS-SSIM of a small one: JSON knows neither."""
    return value if math.isfinite(value) else None
