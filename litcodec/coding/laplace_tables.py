"""Rows of Laplace distributions, made by integer arithmetic alone: nothing to store in a stream or a file.

A row is a scale ``exp(s / 8)`` and a place of the mean between two integers, in steps of 1/32. Its window
has 15 cells about the integer nearest to the mean, of one symbol each, or of 2, 4 .. 64 if the scale is
large, and one ESCAPE for everything else. All numbers are whole multiples of 2^-96, each product rounded
down.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from litcodec.coding.tables import PRECISION

PARAMETER_BITS = 12  # means and log-scales are multiples of 2^-12
MEAN_STEP_BITS = 5  # means are rounded to 2^-5
SCALE_STEP_BITS = 3  # log-scales to 2^-3
SCALE_MIN, SCALE_MAX = -28, 36  # of these: -3.5 and 4.5
CELLS = 15
ESCAPE = CELLS  # the entry
ENTRIES = CELLS + 1
ESCAPE_MASS = 64  # of 2^24, besides one: an outlier costs 18 bits
PHASES = 1 << MEAN_STEP_BITS
_BITS = 96
_ONE = 1 << _BITS
_SHARED = (1 << PRECISION) - ENTRIES - ESCAPE_MASS
MOST_PROBABLE = _SHARED + 1  # no entry has a larger mass


class LaplaceTables(NamedTuple):
    """Rows are ``(s - SCALE_MIN) * 32 + phase + 16``, with ``mean = nearest + phase / 32``."""

    weights: npt.NDArray[np.float64]  # (rows, 16), masses less one: they sum to 2^24 - 16
    cell_bits: npt.NDArray[np.int64]  # (rows,)
    first: npt.NDArray[np.int64]  # (rows,), the window's first symbol less the nearest integer


@cache
def laplace_tables() -> LaplaceTables:
    """The tables; the same on every machine."""
    weights, bits = [], []
    for s in range(SCALE_MIN, SCALE_MAX + 1):
        c = _cell_bits(s)
        step = _exp(_exp_eighths(-s) >> MEAN_STEP_BITS)  # from one 1/32 to the next
        for phase in range(-PHASES // 2, PHASES // 2):
            borders = [(i << (c + MEAN_STEP_BITS)) + _first_border(c) - phase for i in range(CELLS + 1)]
            below = [_below(border, step) for border in borders]
            left = [i + ((b - below[0]) * _SHARED >> _BITS) for i, b in enumerate(below)]
            weights.append([b - a - 1 for a, b in zip(left, [*left[1:], 1 << PRECISION], strict=True)])
            bits.append(c)
    cell_bits = np.array(bits, np.int64)
    first = np.where(cell_bits > 0, -(CELLS << cell_bits) // 2, -(CELLS // 2))
    return LaplaceTables(np.array(weights, np.float64), cell_bits, first)


def _cell_bits(s: int) -> int:
    """So that the window holds three and a half scales to either side."""
    return 0 if s <= 6 else (s - 6) * 100 // 555 + 1


def _first_border(c: int) -> int:
    """Where the window begins, in 1/32 from the nearest integer: half a symbol below its first."""
    first = -(CELLS << c) // 2 if c else -(CELLS // 2)
    return (first << MEAN_STEP_BITS) - PHASES // 2


def _below(border: int, step: int) -> int:
    """The mass to the left of a place in 1/32 from the mean."""
    tail = _power(step, abs(border)) >> 1
    return tail if border < 0 else _ONE - tail


def _power(factor: int, exponent: int) -> int:
    """By squaring, from the highest bit on."""
    found = _ONE
    for bit in bin(exponent)[2:]:
        found = found * found >> _BITS
        if bit == "1":
            found = found * factor >> _BITS
    return found


def _exp_eighths(k: int) -> int:
    """``exp(k / 8)``."""
    eighth = _exp(_ONE >> SCALE_STEP_BITS)  # of -1/8
    power = _power(eighth, abs(k))
    return power if k <= 0 else _ONE * _ONE // power


def _exp(x: int) -> int:
    """``exp(-x)`` for 0 <= x < 2, a Taylor series of 40 terms."""
    found, term = 0, _ONE
    for n in range(1, 41):
        found += term
        term = -(term * x >> _BITS) // n
    return found
