"""Integer look-ups from which the probabilities of Gaussian mixtures are made.

A mixture has too many parameters for a table row of its own. What is fixed is the normal CDF, one function of
one argument, and what turns parameters into arguments and weights.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from litcodec.coding.tables import PRECISION, Ints
from litcodec.errors import CodecFileError

COMPONENTS_MAX = 16
PARAMETER_BITS = 12  # parameters are multiples of 2^-12
PARAMETER_MAX = 2**24  # of these, so +-4096
CDF_STEP_BITS = 11  # the CDF is tabulated in steps of 2^-11 standard deviations,
CDF_REACH = 11 << (CDF_STEP_BITS - 1)  # up to 5.5 of them: beyond, less than half a unit of 2^-24 is left
RECIPROCAL_BITS = 24  # reciprocals of scales are multiples of 2^-24
RECIPROCAL_MIN = 2**15  # of a scale of 512
EXP_STEP_BITS = 6  # exp(-v) is tabulated in steps of 2^-6
EXP_BITS = 16  # and is a multiple of 2^-16


class MixtureTables(NamedTuple):
    """Everything a mixture's probabilities are computed with besides its parameters."""

    cdf: Ints  # (2 * CDF_REACH + 1,), of the standard normal at -CDF_REACH .. CDF_REACH steps, in 2^-24
    exponentials: Ints  # (e,), exp(-v) for v = 0, 1, ... steps; beyond the last it counts as 0
    thresholds: Ints  # (s - 1,), borders between the s known scales, ascending, in units of 2^-12
    reciprocals: Ints  # (s,), of the known scales, in units of 2^-24


def check_mixture_tables(tables: MixtureTables) -> None:
    """Check that ``tables`` are usable, whoever made them.

    Raises:
        CodecFileError: if they are not.
    """
    for name, values in tables._asdict().items():
        if values.dtype != np.int32 or values.ndim != 1:
            raise CodecFileError(
                f"mixture {name} must be 1-d int32; got {values.ndim}-d {values.dtype}. "
                "Export the codec again."
            )
    cdf, exponentials, thresholds, reciprocals = tables
    _refuse(len(cdf) != 2 * CDF_REACH + 1, f"{len(cdf)} CDF entries", f"{2 * CDF_REACH + 1}")
    _refuse(not _rises(cdf), "a CDF that falls", "one that rises")
    _refuse(cdf[0] < 0 or cdf[-1] > 2**PRECISION, f"a CDF from {cdf[0]} to {cdf[-1]}", f"0..{2**PRECISION}")
    _refuse(not len(exponentials), "no exponentials", "some")
    _refuse(exponentials[0] != 2**EXP_BITS, f"exp(0) = {exponentials[0]}", f"{2**EXP_BITS}")
    _refuse(not _rises(-exponentials), "exponentials that rise", "exponentials that fall")
    _refuse(exponentials[-1] < 0, f"exponential {exponentials[-1]}", ">= 0")
    _refuse(
        len(thresholds) + 1 != len(reciprocals),
        f"{len(thresholds)} thresholds for {len(reciprocals)} scales",
        "one less than scales",
    )
    _refuse(not _rises(thresholds), "thresholds that fall", "thresholds that rise")
    _refuse(
        min(reciprocals) < RECIPROCAL_MIN,
        f"reciprocal {min(reciprocals)}",
        f"reciprocals >= {RECIPROCAL_MIN}",
    )


def _rises(values: npt.NDArray[np.int32]) -> bool:
    return bool((values[1:] >= values[:-1]).all())


def _refuse(bad: bool, found: str, wanted: str) -> None:
    if bad:
        raise CodecFileError(f"mixture tables have {found}; they need {wanted}. Export the codec again.")
