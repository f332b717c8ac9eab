"""One block of symbols, grouped by table row: what the string coders are made of.

Exactness. ``Categorical(weights, perfect=False)`` gives entry i the left boundary
``i + floor(scale * sum(weights[:i]))`` with ``scale = (2^24 - n) / sum(weights)``. For weights ``mass - 1``,
whose sum is ``2^24 - n``, the scale is exactly 1 and the boundaries are exactly ours; float64 holds all these
integers.

Escapes. A symbol outside of its row is coded as the row's last entry; how far outside follows at the end of
the block, see ``escapes.py``.
"""

import constriction
import numpy as np
import numpy.typing as npt

from litcodec.coding.escapes import decode_overshoots, encode_overshoots
from litcodec.coding.least_bits import least_bits
from litcodec.coding.tables import SYMBOL_MAX, IntegerTables, Ints, check_tables
from litcodec.errors import Corrupt, ShapeError

Rows = npt.NDArray[np.integer]


class BlockCoder:
    """Codes blocks with the rows of one set of tables; holds no string.

    Args:
        tables: checked once, here.

    Raises:
        CodecFileError: if the tables are unusable.
    """

    def __init__(self, tables: IntegerTables) -> None:
        check_tables(tables)
        self.least_bits = least_bits(tables)  # (rows,)
        self._first = tables.offsets.copy()  # symbol of each row's entry 0
        self._escape = tables.lengths - 1  # each row's last entry
        self._weights = np.split(tables.masses - 1.0, np.cumsum(tables.lengths)[:-1])  # float64
        self._models: list[constriction.stream.model.Categorical | None] = [None] * len(self._weights)

    def encode(self, encoder: constriction.stream.queue.RangeEncoder, symbols: Ints, rows: Rows) -> int:
        """Append one block; returns how many escapes it took."""
        order, counts = self._group(rows)
        entries = symbols[order] - np.repeat(self._first, counts)
        escape = np.repeat(self._escape, counts)
        # Read as unsigned numbers, entries before the row are huge.
        outside = entries.view(np.uint32) >= escape.view(np.uint32)
        overshoots = np.zeros(0, np.int32)
        if outside.any():
            beyond = entries[outside]
            overshoots = np.where(beyond < 0, beyond, beyond - escape[outside] + 1)
            entries[outside] = escape[outside]
        for row, span in _spans(counts):
            encoder.encode(entries[span], self.model(row))
        encode_overshoots(encoder, overshoots)
        return overshoots.size

    def decode(self, decoder: constriction.stream.queue.RangeDecoder, rows: Rows) -> Ints:
        """The symbols of the next block.

        Raises:
            Corrupt: if an escape is none.
            AssertionError: constriction's, if no encoder can have made the data.
        """
        order, counts = self._group(rows)
        entries = np.concatenate(
            [decoder.decode(self.model(row), span.stop - span.start) for row, span in _spans(counts)]
        )
        escaped = np.flatnonzero(entries == np.repeat(self._escape, counts))
        overshoots = decode_overshoots(decoder, escaped.size)
        # An entry plus its row's first symbol is the symbol; an escape's reads as the one after the last.
        entries += np.repeat(self._first, counts)
        if escaped.size:
            base = np.where(overshoots < 0, self._first[rows[order[escaped]]], entries[escaped] - 1)
            entries[escaped] = base + overshoots
            largest = np.abs(entries[escaped]).max()
            if largest > SYMBOL_MAX:
                raise Corrupt(f"an escape decodes to +-{largest}, beyond {SYMBOL_MAX}; get the file again.")
        symbols = np.empty_like(entries)
        symbols[order] = entries
        return symbols

    def __getstate__(self) -> dict[str, object]:
        """All but constriction's models, which cannot be copied: they are built again at first use."""
        return {**self.__dict__, "_models": [None] * len(self._weights)}

    def _group(self, rows: Rows) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The stable order that sorts ``rows``, and how often each row occurs."""
        return np.argsort(rows, kind="stable"), np.bincount(rows, minlength=len(self._weights))

    def check_rows(self, rows: Rows) -> Rows:
        """``rows`` in a type that numpy sorts by radix."""
        count = len(self._weights)
        if rows.ndim != 1 or rows.dtype.kind not in "iu":
            raise ShapeError(f"rows must be 1-d integers; got {rows.ndim}-d {rows.dtype}.")
        if rows.size and not (0 <= rows.min() and rows.max() < count):
            raise ShapeError(f"the tables have rows 0..{count - 1}; got rows {rows.min()}..{rows.max()}.")
        return rows.astype(np.uint8 if count <= 256 else np.uint16, copy=False)

    def least(self, rows: Rows) -> int:
        """The fewest bits that symbols of these rows take, in units of 2^-24."""
        return int(np.bincount(rows, minlength=len(self.least_bits)) @ self.least_bits)

    def model(self, row: int) -> constriction.stream.model.Categorical:
        """The row's distribution as constriction has it, built at first use."""
        if self._models[row] is None:
            self._models[row] = constriction.stream.model.Categorical(
                self._weights[row], perfect=False, lazy=False
            )
        return self._models[row]


def _spans(counts: npt.NDArray[np.intp]) -> list[tuple[int, slice]]:
    """The rows that occur, and where they lie in order."""
    present = np.flatnonzero(counts)
    ends = np.cumsum(counts)[present].tolist()
    return [(row, slice(a, b)) for row, a, b in zip(present.tolist(), [0, *ends[:-1]], ends, strict=True)]
