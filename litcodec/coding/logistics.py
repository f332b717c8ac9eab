"""Grey levels <-> bytes, each with its own mixture of logistics.

A level in 0..255 is coded as four digits to the base 4, highest first. The mass of a digit is that of the
levels it leaves, of those left before it: no level needs an escape, and a decoder looks at three places of
the CDF for each digit.

Exactness is that of ``blocks.py``: entry i of 4 has the left boundary ``i + G[i]``, and constriction is given
the weights ``G[i + 1] - G[i]``, whose sum is ``2^24 - 4``.
"""

from typing import NamedTuple

import constriction
import numpy as np
import numpy.typing as npt

from litcodec.coding.least_bits import check_length, least_bits_of_mass
from litcodec.coding.logistic_tables import (
    CDF_REACH,
    CDF_STEP_BITS,
    EXP_STEP_BITS,
    LOG_SCALE_MIN,
    PARAMETER_BITS,
    RECIPROCAL_BITS,
    logistic_tables,
)
from litcodec.coding.strings import OpenString, string_of
from litcodec.coding.tables import PRECISION

WEIGHT_BITS = 14
LEVEL_MAX = 255
DIGITS = 4
MEAN_MAX = 2.0**22  # in units of 2^-12: products with reciprocals stay below 2^53
_TOTAL = 1 << PRECISION
_CHOICES = 4
_LEAST = DIGITS * least_bits_of_mass(_TOTAL - _CHOICES + 1)
_SHIFT = PARAMETER_BITS + RECIPROCAL_BITS - CDF_STEP_BITS
_CENTRE = float((CDF_REACH << _SHIFT) + (1 << (_SHIFT - 1)))
_ONE_EACH = np.arange(_CHOICES + 1)
# Where the three inner borders of digit k lie, half a level below the first of their levels.
_PLACES = [
    (np.arange(1, _CHOICES) * float(1 << 2 * (DIGITS - 1 - k)) - 0.5) * (1 << PARAMETER_BITS)
    for k in range(DIGITS)
]
_Family = constriction.stream.model.Categorical

Wide = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Logistics(NamedTuple):
    """n mixtures of K logistics. All numbers are exact: integers times a power of 2."""

    weights: Floats  # (K, n, 1), sum to 2^14
    slopes: Floats  # (K, n, 1), reciprocals of the scales: entries of the CDF's table for each 2^-12
    starts: Floats  # (K, n, 1), the entry at 0

    def below(self, left: Floats) -> Wide:
        """Mass to the left of places (n, e) in units of 2^-12, in units of 2^-38."""
        steps = self.slopes * left
        steps += self.starts
        # Rounded towards 0, but what lies below 0 is clipped to it anyway.
        looked_up = np.take(logistic_tables().cdf, steps.astype(np.int64), mode="clip")
        looked_up *= self.weights
        below: Wide = looked_up.sum(axis=0).astype(np.int64)
        return below


def logistics_of(parameters: Floats) -> Logistics:
    """Mixtures from the parameters (n, 3 * K), whole numbers in units of 2^-12: logits, means, log-scales."""
    tables = logistic_tables()
    K = parameters.shape[1] // 3
    logits, means, log_scales = np.ascontiguousarray(parameters.T).reshape(3, K, -1)
    step_bits = PARAMETER_BITS - EXP_STEP_BITS
    off = ((logits.max(axis=0) - logits).astype(np.int64) + (1 << (step_bits - 1))) >> step_bits
    exponentials = np.take(tables.exponentials, off, mode="clip")
    weights = exponentials * (2**WEIGHT_BITS - K) // exponentials.sum(axis=0) + 1
    weights[logits.argmax(axis=0), np.arange(logits.shape[1])] += 2**WEIGHT_BITS - weights.sum(axis=0)
    rows = (
        log_scales.astype(np.int64) + ((1 << (step_bits - 1)) - (LOG_SCALE_MIN << step_bits))
    ) >> step_bits
    reciprocals = np.take(tables.reciprocals, rows, mode="clip")
    # Products below 2^52: means within 2^22, reciprocals below 2^30.
    starts = _CENTRE - np.minimum(np.maximum(means, -MEAN_MAX), MEAN_MAX) * reciprocals
    scale = 2.0**-_SHIFT
    return Logistics(
        weights.astype(np.float64)[..., None], (reciprocals * scale)[..., None], (starts * scale)[..., None]
    )


def sigmoid(values: Floats) -> Floats:
    """In units of 2^-24, whole numbers, of whole numbers in units of 2^-12."""
    places = (values.astype(np.int64) + (1 << (PARAMETER_BITS - CDF_STEP_BITS - 1))) >> (
        PARAMETER_BITS - CDF_STEP_BITS
    )
    found: Floats = np.take(logistic_tables().cdf, places + CDF_REACH, mode="clip")
    return found


class LevelEncoder:
    """A string being written."""

    def __init__(self) -> None:
        self._encoder = constriction.stream.queue.RangeEncoder()

    def encode(self, digits: npt.NDArray[np.int32], masses: Floats) -> None:
        """Append digits (n,) with the weights (n, 4) that ``digits_of`` gave, in the decoder's order."""
        self._encoder.encode(digits, _Family(perfect=False), masses)

    def finish(self) -> bytes:
        """The whole string."""
        return string_of(self._encoder)


class LevelDecoder:
    """A string being read.

    Args:
        data: the string.
        levels: how many it is said to hold.

    Raises:
        Corrupt: if no encoder can have written it.
    """

    def __init__(self, data: bytes, levels: int) -> None:
        self._string = OpenString(data)
        check_length(len(data), levels, _LEAST * levels)
        self._family = _Family(perfect=False)

    def decode(self, mixtures: Logistics) -> Wide:
        """The next levels, (n,), one for each mixture.

        Raises:
            Corrupt: if ``encode`` cannot have written them. Not all damage shows.
        """
        search = _Search(mixtures)
        with self._string.decoder() as decoder:
            for k in range(DIGITS):
                search.take(decoder.decode(self._family, search.weights(k)).astype(np.int64), k)
        return search.first

    def finish(self) -> None:
        """Check that the string ends here.

        Raises:
            Corrupt: if it goes on.
        """
        self._string.finish()


def digits_of(levels: Wide, mixtures: Logistics) -> tuple[npt.NDArray[np.int32], Floats]:
    """The four digits of each level (n,), and the weights each is coded with: (4, n) and (4, n, 4)."""
    search = _Search(mixtures)
    digits, weights = np.empty((DIGITS, len(levels)), np.int32), np.empty((DIGITS, len(levels), _CHOICES))
    for k in range(DIGITS):
        weights[k] = search.weights(k)
        digits[k] = levels >> 2 * (DIGITS - 1 - k) & 3
        search.take(digits[k].astype(np.int64), k)
    return digits, weights


def bits_of_digits(digits: npt.NDArray[np.int32], weights: Floats) -> npt.NDArray[np.float32]:
    """The information content of levels, (n,), in bits."""
    masses = np.take_along_axis(weights, digits[..., None].astype(np.int64), axis=2)[..., 0] + 1
    bits: npt.NDArray[np.float32] = (PRECISION - np.log2(masses)).sum(axis=0).astype(np.float32)
    return bits


class _Search:
    """Narrows levels down digit by digit."""

    def __init__(self, mixtures: Logistics) -> None:
        n = mixtures.weights.shape[1]
        self._mixtures = mixtures
        self.first = np.zeros(n, np.int64)  # of the levels that are left
        self._borders = np.zeros((n, _CHOICES + 1), np.int64)  # mass below each choice
        self._borders[:, -1] = 1 << (PRECISION + WEIGHT_BITS)
        self._places = np.arange(n)

    def weights(self, k: int) -> Floats:
        """Of the choices for digit k."""
        borders = self._borders
        left = self.first[:, None] * float(1 << PARAMETER_BITS) + _PLACES[k]
        borders[:, 1:-1] = self._mixtures.below(left)
        inside = borders - borders[:, :1]
        inside += _ONE_EACH  # none is without mass
        last = inside[:, -1:].copy()
        inside *= _TOTAL - _CHOICES
        inside //= last
        return (inside[:, 1:] - inside[:, :-1]).astype(np.float64)

    def take(self, digits: Wide, k: int) -> None:
        """Keep what digit k leaves."""
        self.first = self.first + (digits << 2 * (DIGITS - 1 - k))
        low, high = self._borders[self._places, digits], self._borders[self._places, digits + 1]
        self._borders[:, 0], self._borders[:, -1] = low, high
