"""The information content of symbols, computed without coding them: for images and statistics."""

import numpy as np
import numpy.typing as npt

from litcodec.coding.escapes import overshoot_bits
from litcodec.coding.tables import PRECISION, SYMBOL_MAX, IntegerTables, Ints


def information(
    tables: IntegerTables, symbols: Ints, rows: npt.NDArray[np.integer]
) -> npt.NDArray[np.float32]:
    """The information content of each symbol under its row, escapes included.

    Args:
        tables: checked ones.
        symbols: (n,), clipped to +-SYMBOL_MAX as the coder does.
        rows: (n,), each symbol's table row.

    Returns:
        (n,), bits.
    """
    starts = np.cumsum(tables.lengths) - tables.lengths
    escape = tables.lengths[rows] - 1
    entries = np.clip(symbols, -SYMBOL_MAX, SYMBOL_MAX) - tables.offsets[rows]
    outside = (entries < 0) | (entries >= escape)
    masses = tables.masses[starts[rows] + np.where(outside, escape, entries)]
    bits: npt.NDArray[np.float32] = PRECISION - np.log2(masses.astype(np.float32))
    beyond = entries[outside]
    bits[outside] += overshoot_bits(np.where(beyond < 0, beyond, beyond - escape[outside] + 1))
    return bits
