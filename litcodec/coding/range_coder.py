"""Integer symbols <-> bytes, given integer tables.

The coder is constriction's range coder (32-bit words, 64-bit state, 24-bit probabilities); SPEC.md in
``bitstream`` states its arithmetic, so that a stream can be read without it. Three things are ours:

Order. Symbols come in blocks of 2^16. In a block they are grouped by table row, rows ascending, within a row
in their given order: one call per row instead of one per symbol. The decoder knows all rows beforehand and
undoes the permutation. Blocks keep the sorting in the processor's cache (about 3 times faster for a
photograph) and memory bounded.

Exactness. ``Categorical(weights, perfect=False)`` gives entry i the left boundary
``i + floor(scale * sum(weights[:i]))`` with ``scale = (2^24 - n) / sum(weights)``. For weights ``mass - 1``,
whose sum is ``2^24 - n``, the scale is exactly 1 and the boundaries are exactly ours; float64 holds all these
integers.

Escapes. A symbol outside of its row is coded as the row's last entry; how far outside follows at the end of
the block, see ``escapes.py``.
"""

from typing import NamedTuple

import constriction
import numpy as np
import numpy.typing as npt

from litcodec.coding.escapes import decode_overshoots, encode_overshoots
from litcodec.coding.tables import SYMBOL_MAX, IntegerTables, Ints, check_tables
from litcodec.errors import Corrupt, ShapeError

BLOCK = 2**16  # symbols; part of the format

Rows = npt.NDArray[np.integer]


class Encoded(NamedTuple):
    """A string, and how well its symbols fitted the tables."""

    data: bytes
    escapes: int  # symbols outside of their row
    clipped: int  # symbols beyond +-SYMBOL_MAX, coded as +-SYMBOL_MAX


class RangeCoder:
    """Codes symbols, each with its own row of the tables.

    Args:
        tables: checked once, here.

    Raises:
        CodecFileError: if the tables are unusable.
    """

    def __init__(self, tables: IntegerTables) -> None:
        check_tables(tables)
        self._first = tables.offsets.copy()  # symbol of each row's entry 0
        self._escape = tables.lengths - 1  # each row's last entry
        self._weights = np.split(tables.masses - 1.0, np.cumsum(tables.lengths)[:-1])  # float64
        self._models: list[constriction.stream.model.Categorical | None] = [None] * len(self._weights)

    def encode(self, symbols: Ints, rows: Rows) -> Encoded:
        """Code ``symbols``.

        Args:
            symbols: (n,), int32; clipped to +-SYMBOL_MAX.
            rows: (n,), each symbol's table row.

        Raises:
            ShapeError: if the two do not match, or a row does not exist.
        """
        if symbols.dtype != np.int32 or symbols.shape != rows.shape:
            raise ShapeError(
                f"want int32 symbols and as many rows; got {symbols.dtype} {symbols.shape}, {rows.shape}."
            )
        rows = self._check_rows(rows)
        encoder = constriction.stream.queue.RangeEncoder()
        escapes = clipped = 0
        for block in _blocks(rows.size):
            inside = np.clip(symbols[block], -SYMBOL_MAX, SYMBOL_MAX)
            clipped += int(np.count_nonzero(inside != symbols[block]))
            escapes += self._encode_block(encoder, inside, rows[block])
        return Encoded(encoder.get_compressed().astype("<u4").tobytes(), escapes, clipped)

    def decode(self, data: bytes, rows: Rows) -> Ints:
        """The symbols (n,), int32, that ``encode`` made ``data`` of. Time and memory are in proportion to n.

        Args:
            data: a whole string.
            rows: (n,), the rows it was coded with.

        Raises:
            Corrupt: if ``encode`` cannot have made ``data``. Not all damage shows: see the container's CRC.
            ShapeError: if a row does not exist.
        """
        rows = self._check_rows(rows)
        if len(data) % 4 or bool(data) != bool(rows.size):
            raise Corrupt(f"{len(data)} bytes cannot be a string of {rows.size} symbols; get the file again.")
        decoder = constriction.stream.queue.RangeDecoder(np.frombuffer(data, "<u4").astype(np.uint32))
        symbols = np.empty(rows.size, np.int32)
        try:
            for block in _blocks(rows.size):
                symbols[block] = self._decode_block(decoder, rows[block])
        except AssertionError as error:  # all that constriction raises on bad data, python -O or not
            raise Corrupt(f"a string of {len(data)} bytes does not decode; get the file again.") from error
        if not decoder.maybe_exhausted():
            raise Corrupt(f"a string of {len(data)} bytes goes on after its last symbol; get the file again.")
        return symbols

    def _encode_block(
        self, encoder: constriction.stream.queue.RangeEncoder, symbols: Ints, rows: Rows
    ) -> int:
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
            encoder.encode(entries[span], self._model(row))
        encode_overshoots(encoder, overshoots)
        return overshoots.size

    def _decode_block(self, decoder: constriction.stream.queue.RangeDecoder, rows: Rows) -> Ints:
        order, counts = self._group(rows)
        entries = np.concatenate(
            [decoder.decode(self._model(row), span.stop - span.start) for row, span in _spans(counts)]
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

    def _group(self, rows: Rows) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The stable order that sorts ``rows``, and how often each row occurs."""
        return np.argsort(rows, kind="stable"), np.bincount(rows, minlength=len(self._weights))

    def _check_rows(self, rows: Rows) -> Rows:
        """``rows`` in a type that numpy sorts by radix."""
        count = len(self._weights)
        if rows.ndim != 1 or rows.dtype.kind not in "iu":
            raise ShapeError(f"rows must be 1-d integers; got {rows.ndim}-d {rows.dtype}.")
        if rows.size and not (0 <= rows.min() and rows.max() < count):
            raise ShapeError(f"the tables have rows 0..{count - 1}; got rows {rows.min()}..{rows.max()}.")
        return rows.astype(np.uint8 if count <= 256 else np.uint16, copy=False)

    def _model(self, row: int) -> constriction.stream.model.Categorical:
        """The row's distribution as constriction has it, built at first use."""
        if self._models[row] is None:
            self._models[row] = constriction.stream.model.Categorical(
                self._weights[row], perfect=False, lazy=False
            )
        return self._models[row]


def _blocks(n: int) -> list[slice]:
    return [slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]


def _spans(counts: npt.NDArray[np.intp]) -> list[tuple[int, slice]]:
    """The rows that occur, and where they lie in order."""
    present = np.flatnonzero(counts)
    ends = np.cumsum(counts)[present].tolist()
    return [(row, slice(a, b)) for row, a, b in zip(present.tolist(), [0, *ends[:-1]], ends, strict=True)]
