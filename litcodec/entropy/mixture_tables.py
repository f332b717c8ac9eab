"""The integers that a frozen mixture model looks up.

As in ``tables.py`` they are computed once, in float64, and kept in the codec file.
"""

import math

import torch

from litcodec.coding import MixtureTables
from litcodec.coding.mixture_tables import (
    CDF_REACH,
    CDF_STEP_BITS,
    EXP_BITS,
    EXP_STEP_BITS,
    PARAMETER_BITS,
    RECIPROCAL_BITS,
)
from litcodec.coding.tables import PRECISION
from litcodec.entropy.gaussian import scale_table
from litcodec.entropy.tables import scale_thresholds

_EXPONENTIALS = 12 << EXP_STEP_BITS  # exp(-12) is less than half of 2^-16


def mixture_tables() -> MixtureTables:
    """The normal CDF, exponentials, and the scales of ``scale_table``."""
    steps = torch.arange(-CDF_REACH, CDF_REACH + 1, dtype=torch.float64)
    cdf = torch.special.ndtr(steps * math.ldexp(1.0, -CDF_STEP_BITS)) * 2**PRECISION
    exponentials = torch.exp(
        torch.arange(_EXPONENTIALS, dtype=torch.float64) * -math.ldexp(1.0, -EXP_STEP_BITS)
    )
    values = (
        cdf,
        exponentials * 2**EXP_BITS,
        scale_thresholds(PARAMETER_BITS),
        2**RECIPROCAL_BITS / scale_table(),
    )
    return MixtureTables(*(torch.round(value).int().numpy() for value in values))
