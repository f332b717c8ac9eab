"""The fewest bits that symbols can take: an upper bound of how many n bytes can hold.

A symbol of mass P takes the range coder ``24 - log2(P)`` bits or a little more, and a string's words hold
at least the sum (SPEC.md in ``bitstream`` states why). So a string that is too short for the symbols it is
said to hold is known before any of them is decoded, and before memory is taken for them.

Bits are counted in whole units of 2^-24, rounded down.
"""

import math

import numpy as np
import numpy.typing as npt

from litcodec.coding.escapes import HEAD_BITS
from litcodec.coding.tables import PRECISION, IntegerTables
from litcodec.errors import Corrupt

UNIT_BITS = 24  # a unit is 2^-24 bits: what a symbol of the largest possible mass takes is 1.4 of them


def least_bits(tables: IntegerTables) -> npt.NDArray[np.int64]:
    """The fewest bits that a symbol of each row takes, (rows,), in units of 2^-24.

    That is what the row's most probable symbol takes or, if it is less, an escape with the head of its
    overshoot.

    Args:
        tables: checked ones.
    """
    ends = np.cumsum(tables.lengths)
    starts = ends - tables.lengths
    symbols = tables.masses.copy()
    symbols[ends - 1] = 0
    most_probable = np.maximum.reduceat(symbols, starts)
    bits = np.minimum(
        PRECISION - np.log2(most_probable), HEAD_BITS + PRECISION - np.log2(tables.masses[ends - 1])
    )
    units: npt.NDArray[np.int64] = np.floor(bits * 2**UNIT_BITS).astype(np.int64)
    return units


def least_bits_of_mass(mass: int) -> int:
    """The fewest bits that entries of at most ``mass`` of 2^24 take, in units of 2^-24."""
    return int((PRECISION - math.log2(mass)) * 2**UNIT_BITS)


def check_length(length: int, symbols: int, least: int) -> None:
    """Check that a string can hold its symbols.

    Args:
        length: of the string, in bytes.
        symbols: how many it is said to hold.
        least: the fewest bits that they all take together, in units of 2^-24.

    Raises:
        Corrupt: if it is too short, or there is one without any symbol.
    """
    if (symbols == 0) != (length == 0):
        raise Corrupt(f"{length} bytes cannot be a string of {symbols} symbols; get the file again.")
    if length << (UNIT_BITS + 3) < least:
        needed = 4 * -(-least // (32 << UNIT_BITS))
        raise Corrupt(
            f"{length} bytes cannot be a string of {symbols} symbols, which take at least {needed}; "
            "get the file again."
        )
