"""MS-SSIM in dB, which separates values near 1."""

import math


def ms_ssim_db(value: float) -> float:
    """``-10 log10(1 - value)``, dB.

    A data set's figure is the mean of the images' dB, not the dB of their mean.

    Args:
        value: an MS-SSIM in [0, 1], as ``ms_ssim`` gives.

    Returns:
        dB; inf for 1, nan for nan.
    """
    return math.inf if value >= 1 else -10 * math.log10(1 - value)
