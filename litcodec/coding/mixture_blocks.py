"""One block of symbols, each with its own Gaussian mixture: the building block of string coders.

A symbol's mixture is cut to a window of at most 63 cells and one ESCAPE for everything else. A cell is one
symbol, or, if the window would be too narrow, 4, 16, 64 or 256 symbols, one of which is then coded given the
cell. So a symbol costs at most 64 + 256 looks at the CDF, however wide its mixture is, and all symbols whose
windows have the same number of entries are decoded by one call.

Exactness is that of ``blocks.py``: entry i of n has the left boundary ``i + G[i]``, and constriction is given
the weights ``G[i + 1] - G[i]``, whose sum is ``2^24 - n``. SPEC.md in ``bitstream`` states the arithmetic.
"""

from collections.abc import Iterator
from typing import NamedTuple

import constriction
import numpy as np
import numpy.typing as npt

from litcodec.coding.escapes import decode_overshoots, encode_overshoots, overshoot_bits
from litcodec.coding.least_bits import check_length, least_bits_of_mass
from litcodec.coding.mixture_tables import COMPONENTS_MAX, PARAMETER_MAX, MixtureTables
from litcodec.coding.mixtures import ESCAPE_MASS, TOTAL, MixtureArithmetic, Wide, Windows
from litcodec.coding.tables import PRECISION, SYMBOL_MAX, Ints
from litcodec.errors import Corrupt, ShapeError

Rows = npt.NDArray[np.integer]
CHUNK = 2**12  # symbols whose whole windows are computed at once; bounds memory, changes no byte
# Of the module, not of a coder: constriction's models can be neither copied nor pickled.
_FAMILY = constriction.stream.model.Categorical(perfect=False)
# A window has at least three cells, of at least one unit each, and its ESCAPE at least one more than its own.
# An escape takes more: its overshoot's head has 5 bits.
_LEAST = least_bits_of_mass(TOTAL - ESCAPE_MASS - 3)


class _Placed(NamedTuple):
    """Where symbols lie among 2^24, in coding order."""

    left: Wide  # (n,), boundaries of each symbol's entry
    right: Wide
    order: npt.NDArray[np.intp]  # (n,)
    in_cell: npt.NDArray[np.intp]  # (m,), places in coding order of what is coded given its cell
    in_cell_left: Wide  # (m,)
    in_cell_right: Wide
    escaped: npt.NDArray[np.intp]  # (k,), places in coding order
    overshoots: Ints  # (k,)


class MixtureBlockCoder:
    """Codes blocks of symbols with the mixtures given to it; holds no string.

    Here "rows" are parameters of mixtures, (n, 3 * K): logits, means, scales, in units of 2^-12.

    Args:
        tables: checked once, here.

    Raises:
        CodecFileError: if the tables are unusable.
    """

    def __init__(self, tables: MixtureTables) -> None:
        self._arithmetic = MixtureArithmetic(tables)

    def encode(self, encoder: constriction.stream.queue.RangeEncoder, symbols: Ints, rows: Rows) -> int:
        """Append one block; returns how many escapes it took."""
        placed = self._place(symbols, rows)
        self._write(encoder, placed.left, placed.right)
        self._write(encoder, placed.in_cell_left, placed.in_cell_right)
        encode_overshoots(encoder, placed.overshoots)
        return placed.overshoots.size

    def decode(self, decoder: constriction.stream.queue.RangeDecoder, rows: Rows) -> Ints:
        """The symbols of the next block.

        Raises:
            Corrupt: if an escape is none.
            AssertionError: constriction's, if no encoder can have made the data.
        """
        windows, order = self._in_coding_order(rows)
        entries = np.empty(len(rows), np.int64)
        for count, span in _spans(windows.entries):
            every = np.arange(count + 1)[None]
            weights = np.diff(self._arithmetic.boundaries(windows.take(span), every)) - 1.0
            entries[span] = decoder.decode(_FAMILY, weights)
        escape = entries == windows.entries - 1
        found = windows.first + (entries << windows.cell_bits)
        in_cell = _in_cell_order(windows, escape)
        for bits, span in _spans(windows.cell_bits[in_cell]):
            which = in_cell[span]
            every = np.arange((1 << bits) + 1)[None]
            within = self._arithmetic.boundaries_in_cell(windows.take(which), entries[which], every)
            found[which] += decoder.decode(_FAMILY, np.diff(within) - 1.0)
        escaped = np.flatnonzero(escape)
        overshoots = decode_overshoots(decoder, escaped.size)
        if escaped.size:
            base = np.where(overshoots < 0, windows.first[escaped], windows.last[escaped])
            found[escaped] = base + overshoots
            largest = np.abs(found[escaped]).max()
            if largest > SYMBOL_MAX:
                raise Corrupt(f"an escape decodes to +-{largest}, beyond {SYMBOL_MAX}; get the file again.")
        symbols = np.empty(len(rows), np.int32)
        symbols[order] = found
        return symbols

    def information(self, symbols: Ints, rows: Rows) -> npt.NDArray[np.float32]:
        """The information content of each symbol, (n,), in bits, escapes included; see ``information``."""
        placed = self._place(np.clip(symbols, -SYMBOL_MAX, SYMBOL_MAX), rows)
        bits = _bits(placed.left, placed.right)
        bits[placed.in_cell] += _bits(placed.in_cell_left, placed.in_cell_right)
        bits[placed.escaped] += overshoot_bits(placed.overshoots)
        unsorted = np.empty_like(bits)
        unsorted[placed.order] = bits
        return unsorted

    def check_rows(self, rows: Rows) -> Rows:
        """``rows`` if they can be parameters of mixtures."""
        if (
            rows.ndim != 2
            or rows.shape[1] not in range(3, 3 * COMPONENTS_MAX + 1, 3)
            or rows.dtype != np.int32
        ):
            raise ShapeError(
                f"parameters of mixtures are int32 (n, 3 * K), K <= {COMPONENTS_MAX}; "
                f"got {rows.dtype} {rows.shape}."
            )
        if rows.size and not -PARAMETER_MAX <= rows.min() <= rows.max() <= PARAMETER_MAX:
            raise ShapeError(f"parameters lie within +-{PARAMETER_MAX}; got {rows.min()}..{rows.max()}.")
        return rows.astype(np.int32, copy=False)

    def least(self, rows: Rows) -> int:
        """The fewest bits that as many symbols take as there are rows, in units of 2^-24."""
        return _LEAST * len(rows)

    def check_string(self, data: bytes, symbols: int) -> None:
        """Check that ``data`` can be a string of this many symbols, whatever their mixtures are.

        Raises:
            Corrupt: if no encoder can have written so few bytes.
        """
        check_length(len(data), symbols, _LEAST * symbols)

    def _in_coding_order(self, rows: Rows) -> tuple[Windows, npt.NDArray[np.intp]]:
        """Windows by ascending number of entries, and the stable order that sorts them."""
        windows = self._arithmetic.windows(rows)
        order = np.argsort(windows.entries.astype(np.uint8), kind="stable")
        return windows.take(order), order

    def _place(self, symbols: Ints, rows: Rows) -> _Placed:
        windows, order = self._in_coding_order(rows)
        sorted_symbols = symbols[order].astype(np.int64)
        relative = sorted_symbols - windows.first
        escape = (relative < 0) | (sorted_symbols > windows.last)
        entries = np.where(escape, windows.entries - 1, relative >> windows.cell_bits)
        asked = np.stack([np.zeros_like(entries), entries, entries + 1], axis=1)
        borders = self._arithmetic.boundaries(windows, asked)
        in_cell = _in_cell_order(windows, escape)
        wide = windows.take(in_cell)
        offset = relative[in_cell] & ((1 << wide.cell_bits) - 1)
        asked = np.stack([np.zeros_like(offset), offset, offset + 1, 1 << wide.cell_bits], axis=1)
        within = self._arithmetic.boundaries_in_cell(wide, entries[in_cell], asked)
        escaped = np.flatnonzero(escape)
        beyond = relative[escaped]
        past = sorted_symbols[escaped] - windows.last[escaped]
        overshoots = np.where(beyond < 0, beyond, past).astype(np.int32)
        return _Placed(
            borders[:, 1], borders[:, 2], order, in_cell, within[:, 1], within[:, 2], escaped, overshoots
        )

    def _write(self, encoder: constriction.stream.queue.RangeEncoder, left: Wide, right: Wide) -> None:
        """Code one entry after the other: what else there is to its left and right is one entry each.

        There are at least four entries, so two are left for the others if one lies at an end.
        """
        masses = np.stack([left, right - left, TOTAL - right], axis=1)
        entries = np.ones(len(masses), np.int32)
        leftmost, rightmost = left == 0, right == TOTAL
        masses[leftmost] = np.stack([right, TOTAL - right - 1, np.ones_like(right)], axis=1)[leftmost]
        masses[rightmost] = np.stack([left - 1, np.ones_like(left), TOTAL - left], axis=1)[rightmost]
        entries[leftmost], entries[rightmost] = 0, 2
        encoder.encode(entries, _FAMILY, masses - 1.0)


def _bits(left: Wide, right: Wide) -> npt.NDArray[np.float32]:
    return PRECISION - np.log2((right - left).astype(np.float32))


def _in_cell_order(windows: Windows, escape: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Those that are coded given their cell, by ascending size of cells."""
    which = np.flatnonzero((windows.cell_bits > 0) & ~escape)
    return which[np.argsort(windows.cell_bits[which].astype(np.uint8), kind="stable")]


def _spans(sizes: Wide) -> Iterator[tuple[int, slice]]:
    """The numbers in ascending ``sizes``, and where each lies, at most ``CHUNK`` at a time."""
    values, starts = np.unique(sizes, return_index=True)
    borders = [*starts.tolist(), len(sizes)]
    for size, first, last in zip(values.tolist(), borders[:-1], borders[1:], strict=True):
        for start in range(first, last, CHUNK):
            yield size, slice(start, min(start + CHUNK, last))
