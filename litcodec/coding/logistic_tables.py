"""Integer look-ups for mixtures of logistics, made by integer arithmetic alone: nothing to store in a file.

``exp(-k * step)`` is a product of k equal factors of 96 bits, each rounded down; the factor is a
Taylor series.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from litcodec.coding.tables import PRECISION

PARAMETER_BITS = 12  # parameters are multiples of 2^-12
CDF_STEP_BITS = 11  # the sigmoid is tabulated in steps of 2^-11
CDF_REACH = 17 << CDF_STEP_BITS  # up to 17: beyond, less than half a unit of 2^-24 is left
EXP_STEP_BITS = 6  # exponentials and scales are tabulated in steps of 2^-6
EXP_BITS = 16
RECIPROCAL_BITS = 24
LOG_SCALE_MIN, LOG_SCALE_MAX = -224, 384  # of 2^-6: -3.5 and 6
_BITS = 96
_ONE = 1 << _BITS


class LogisticTables(NamedTuple):
    """Whole numbers; float64 where they are multiplied as such."""

    cdf: npt.NDArray[np.float64]  # sigmoid at -CDF_REACH .. CDF_REACH steps, in 2^-24
    exponentials: npt.NDArray[np.int64]  # exp(-k * 2^-6) in 2^-16, the last 0
    reciprocals: npt.NDArray[np.float64]  # of exp(k * 2^-6), k = LOG_SCALE_MIN .. _MAX, in 2^-24


@cache
def logistic_tables() -> LogisticTables:
    """The tables; the same on every machine."""
    powers = _powers(CDF_STEP_BITS, CDF_REACH)
    # round(2^24 / (1 + e)); the other half follows from sigmoid(-t) = 1 - sigmoid(t).
    right = [((_ONE << (PRECISION + 1)) // (_ONE + e) + 1) >> 1 for e in powers]
    left = [(1 << PRECISION) - value for value in reversed(right[1:])]
    coarse = _powers(EXP_STEP_BITS, max(LOG_SCALE_MAX, 12 << EXP_STEP_BITS))
    exponentials = [_rounded(e, EXP_BITS) for e in coarse[: 12 << EXP_STEP_BITS]]
    reciprocals = [
        _rounded(coarse[k], RECIPROCAL_BITS)
        if k >= 0
        else ((_ONE << (RECIPROCAL_BITS + 1)) // coarse[-k] + 1) >> 1
        for k in range(LOG_SCALE_MIN, LOG_SCALE_MAX + 1)
    ]
    return LogisticTables(
        np.array(left + right, np.float64),
        np.array([*exponentials, 0], np.int64),
        np.array(reciprocals, np.float64),
    )


def _powers(step_bits: int, count: int) -> list[int]:
    """``exp(-k * 2^-step_bits)`` for k = 0 .. count, in units of 2^-96."""
    factor, term = 0, _ONE
    for n in range(1, 40):
        factor += term
        term = -(term >> step_bits) // n
    powers = [_ONE]
    for _ in range(count):
        powers.append(powers[-1] * factor >> _BITS)
    return powers


def _rounded(e: int, bits: int) -> int:
    return ((e >> (_BITS - bits - 1)) + 1) >> 1
