"""Means that leave out values that are not finite, such as the PSNR of a losslessly coded image."""

import math
from collections.abc import Iterable
from statistics import fmean
from typing import NamedTuple


class Mean(NamedTuple):
    """An arithmetic mean, and over how many values."""

    value: float  # nan if ``number`` is 0
    number: int


def mean_of_finite(values: Iterable[float]) -> Mean:
    """The mean of those values that are finite."""
    finite = [value for value in values if math.isfinite(value)]
    return Mean(fmean(finite) if finite else math.nan, len(finite))
