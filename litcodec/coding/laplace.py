"""Symbols <-> bytes, each with its own Laplace distribution; one call codes all symbols of a part.

Exactness is that of ``blocks.py``: constriction is given the masses of a row less one, whose sum is
``2^24 - 16``. Symbols come in parts, one call of ``encode`` or ``decode`` each. Of a part first the entries
of all symbols are coded, then which symbol of its cell each is, by ascending size of cells, then the
overshoots of its escapes, see ``escapes.py``.
"""

from typing import NamedTuple

import constriction
import numpy as np
import numpy.typing as npt

from litcodec.coding.escapes import decode_overshoots, encode_overshoots, overshoot_bits
from litcodec.coding.laplace_tables import (
    CELLS,
    ESCAPE,
    MEAN_STEP_BITS,
    MOST_PROBABLE,
    PARAMETER_BITS,
    PHASES,
    SCALE_MAX,
    SCALE_MIN,
    SCALE_STEP_BITS,
    laplace_tables,
)
from litcodec.coding.least_bits import check_length, least_bits_of_mass
from litcodec.coding.strings import OpenString, string_of
from litcodec.coding.tables import PRECISION
from litcodec.errors import Corrupt

LARGEST_SYMBOL = 1023  # of either sign
_LEAST = least_bits_of_mass(MOST_PROBABLE)
_FAMILY = constriction.stream.model.Categorical(perfect=False)
_Uniform = constriction.stream.model.Uniform

Wide = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Laplaces(NamedTuple):
    """n distributions."""

    rows: Wide  # (n,), of the tables
    nearest: Wide  # (n,), integers nearest to the means


def laplaces_of(means: Floats, log_scales: Floats) -> Laplaces:
    """Distributions of n means and log-scales, whole numbers in units of 2^-12, within +-2^24."""
    shift = PARAMETER_BITS - MEAN_STEP_BITS
    steps = (means.astype(np.int64) + (1 << (shift - 1))) >> shift
    np.minimum(np.maximum(steps, -LARGEST_SYMBOL * PHASES), LARGEST_SYMBOL * PHASES, out=steps)
    steps += PHASES // 2
    nearest = steps >> MEAN_STEP_BITS
    shift = PARAMETER_BITS - SCALE_STEP_BITS
    scales = (log_scales.astype(np.int64) + (1 << (shift - 1))) >> shift
    np.minimum(np.maximum(scales, SCALE_MIN), SCALE_MAX, out=scales)
    return Laplaces(((scales - SCALE_MIN) << MEAN_STEP_BITS) + (steps & (PHASES - 1)), nearest)


class LaplaceEncoder:
    """A string being written."""

    def __init__(self) -> None:
        self._encoder = constriction.stream.queue.RangeEncoder()

    def encode(self, symbols: Wide, laplaces: Laplaces) -> None:
        """Append one part: symbols (n,), within +-``LARGEST_SYMBOL``."""
        if not len(symbols):
            return
        tables, placed = laplace_tables(), _place(symbols, laplaces)
        self._encoder.encode(placed.entries, _FAMILY, tables.weights[laplaces.rows])
        for bits in range(1, placed.largest + 1):
            inside = placed.within[(placed.cell_bits == bits) & (placed.entries < ESCAPE)]
            if len(inside):
                self._encoder.encode(inside.astype(np.int32), _Uniform(1 << bits))
        encode_overshoots(self._encoder, placed.overshoots)

    def finish(self) -> bytes:
        """The whole string."""
        return string_of(self._encoder)


class LaplaceDecoder:
    """A string being read.

    Args:
        data: the string.
        symbols: how many it is said to hold.

    Raises:
        Corrupt: if no encoder can have written it.
    """

    def __init__(self, data: bytes, symbols: int) -> None:
        self._string = OpenString(data)
        check_length(len(data), symbols, _LEAST * symbols)
        self._tables = laplace_tables()

    def decode(self, laplaces: Laplaces) -> Wide:
        """The symbols (n,) of the next part.

        Raises:
            Corrupt: if ``encode`` cannot have written them. Not all damage shows.
        """
        if not len(laplaces.rows):
            return np.zeros(0, np.int64)
        with self._string.decoder() as decoder:
            return self._decode(decoder, laplaces)

    def finish(self) -> None:
        """Check that the string ends here.

        Raises:
            Corrupt: if it goes on.
        """
        self._string.finish()

    def _decode(self, decoder: constriction.stream.queue.RangeDecoder, laplaces: Laplaces) -> Wide:
        rows, tables = laplaces.rows, self._tables
        entries = decoder.decode(_FAMILY, tables.weights.take(rows, axis=0)).astype(np.int64)
        cell_bits = tables.cell_bits.take(rows)
        largest = int(cell_bits.max())
        symbols: Wide = tables.first.take(rows)
        symbols += laplaces.nearest
        symbols += entries << cell_bits if largest else entries
        escaped = entries == ESCAPE
        for bits in range(1, largest + 1):
            inside = np.flatnonzero((cell_bits == bits) & ~escaped)
            if len(inside):
                symbols[inside] += decoder.decode(_Uniform(1 << bits), len(inside))
        if escaped.any():
            where = np.flatnonzero(escaped)
            overshoots = decode_overshoots(decoder, len(where))
            # An escape reads as the symbol after the window's last.
            before = overshoots < 0
            symbols[where] += np.where(before, overshoots - (CELLS << cell_bits[where]), overshoots - 1)
            if np.abs(symbols[where]).max() > LARGEST_SYMBOL:
                raise Corrupt(f"an escape decodes to more than {LARGEST_SYMBOL}; get the file again.")
        return symbols


def bits_of_symbols(symbols: Wide, laplaces: Laplaces) -> npt.NDArray[np.float32]:
    """The information content of symbols, (n,), in bits."""
    placed, weights = _place(symbols, laplaces), laplace_tables().weights
    masses = weights[laplaces.rows, placed.entries] + 1
    bits: npt.NDArray[np.float32] = (PRECISION - np.log2(masses)).astype(np.float32)
    escaped = placed.entries == ESCAPE
    bits += np.where(escaped, 0, placed.cell_bits).astype(np.float32)
    bits[escaped] += overshoot_bits(placed.overshoots)
    return bits


class _Placed(NamedTuple):
    entries: npt.NDArray[np.int32]  # (n,)
    within: Wide  # (n,), which symbol of its cell
    cell_bits: Wide  # (n,)
    largest: int  # of the cell_bits
    overshoots: npt.NDArray[np.int32]  # of the escapes


def _place(symbols: Wide, laplaces: Laplaces) -> _Placed:
    tables = laplace_tables()
    cell_bits = tables.cell_bits[laplaces.rows]
    relative = symbols - laplaces.nearest - tables.first[laplaces.rows]
    cells = relative >> cell_bits
    escaped = (cells < 0) | (cells >= CELLS)
    beyond = relative[escaped]
    overshoots = np.where(beyond < 0, beyond, beyond - (CELLS << cell_bits[escaped]) + 1)
    return _Placed(
        np.where(escaped, ESCAPE, cells).astype(np.int32),
        relative & ((1 << cell_bits) - 1),
        cell_bits,
        int(cell_bits.max(initial=0)),
        overshoots.astype(np.int32),
    )
