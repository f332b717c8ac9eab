"""Integer symbols <-> bytes, given integer tables.

The coder is constriction's range coder (32-bit words, 64-bit state, 24-bit probabilities); SPEC.md in
``bitstream`` states its arithmetic, so that a stream can be read without it. The order is ours:

Symbols come in parts: one call of ``encode`` or ``decode`` is one part, and a context model, which
has to know some symbols before it knows the CDF indexes of the next, takes many. A part is cut into blocks of
2^16. In a block symbols are grouped by table row, rows ascending, within a row in their given order: one call
per row instead of one per symbol. The decoder knows all rows of a part beforehand and undoes the permutation.
Blocks keep the sorting in the processor's cache (about 3 times faster for a photograph) and memory bounded.
"""

from typing import NamedTuple, Protocol

import constriction
import numpy as np

from litcodec.coding.blocks import BlockCoder, Rows
from litcodec.coding.least_bits import check_length
from litcodec.coding.strings import OpenString, string_of
from litcodec.coding.tables import SYMBOL_MAX, IntegerTables, Ints
from litcodec.errors import ShapeError

BLOCK = 2**16  # symbols; part of the format


class Blocks(Protocol):
    """What codes the blocks of a string; a CDF index chooses the distribution of each symbol.

    ``BlockCoder`` takes rows of tables, (n,); ``MixtureBlockCoder`` parameters of mixtures, (n, 3 * K).
    """

    def check_rows(self, rows: Rows) -> Rows:
        """``rows`` as the others take them. Raises ``ShapeError`` if they cannot be."""

    def least(self, rows: Rows) -> int:
        """The fewest bits that symbols of these rows take, in units of 2^-24."""

    def encode(self, encoder: constriction.stream.queue.RangeEncoder, symbols: Ints, rows: Rows) -> int:
        """Append one block; returns how many escapes it took."""

    def decode(self, decoder: constriction.stream.queue.RangeDecoder, rows: Rows) -> Ints:
        """The symbols of the next block. Raises ``Corrupt`` or, as constriction does, ``AssertionError``."""


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
        self._blocks = BlockCoder(tables)

    def check_string(self, data: bytes, symbols: int) -> None:
        """Check that ``data`` can be a string of this many symbols, whatever their CDF indexes are.

        For a decoder to ask before it takes memory for them, or for their rows.

        Raises:
            Corrupt: if no encoder can have written so few bytes.
        """
        check_length(len(data), symbols, int(self._blocks.least_bits.min()) * symbols)

    def check_string_of_all_rows(self, data: bytes, repeats: int) -> None:
        """Check that ``data`` can be a string in which every row of the tables occurs ``repeats`` times.

        Raises:
            Corrupt: if no encoder can have written so few bytes.
        """
        least = self._blocks.least_bits
        check_length(len(data), len(least) * repeats, int(least.sum()) * repeats)

    def encoder(self) -> "StringEncoder":
        """Begin a string that is written part by part."""
        return StringEncoder(self._blocks)

    def decoder(self, data: bytes) -> "StringDecoder":
        """Begin to read a string part by part.

        Raises:
            Corrupt: if ``data`` is not a string at all.
        """
        return StringDecoder(self._blocks, data)

    def encode(self, symbols: Ints, rows: Rows) -> Encoded:
        """Code ``symbols`` as a string of one part; see ``StringEncoder.encode``."""
        encoder = self.encoder()
        encoder.encode(symbols, rows)
        return encoder.finish()

    def decode(self, data: bytes, rows: Rows) -> Ints:
        """The symbols (n,), int32, that ``encode`` made ``data`` of.

        Time and memory are in proportion to n. A string too short for n symbols of these rows is refused
        before either is taken.

        Args:
            data: a whole string.
            rows: (n,), the rows it was coded with.

        Raises:
            Corrupt: if ``encode`` cannot have made ``data``. Not all damage shows: see the container's CRC.
            ShapeError: if a row does not exist.
        """
        decoder = self.decoder(data)
        symbols = decoder.decode(rows)
        decoder.finish()
        return symbols


class StringEncoder:
    """A string being written."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._encoder = constriction.stream.queue.RangeEncoder()
        self._escapes = self._clipped = 0

    def encode(self, symbols: Ints, rows: Rows) -> None:
        """Append one part.

        Args:
            symbols: (n,), int32; clipped to +-SYMBOL_MAX.
            rows: (n, ...), each symbol's distribution, see ``Blocks``.

        Raises:
            ShapeError: if the two do not match, or a row does not exist.
        """
        if symbols.dtype != np.int32 or symbols.shape != rows.shape[:1]:
            raise ShapeError(
                f"want int32 symbols and as many rows; got {symbols.dtype} {symbols.shape}, {rows.shape}."
            )
        rows = self._blocks.check_rows(rows)
        for block in _cut(len(rows)):
            inside = np.clip(symbols[block], -SYMBOL_MAX, SYMBOL_MAX)
            self._clipped += int(np.count_nonzero(inside != symbols[block]))
            self._escapes += self._blocks.encode(self._encoder, inside, rows[block])

    def finish(self) -> Encoded:
        """The whole string."""
        return Encoded(string_of(self._encoder), self._escapes, self._clipped)


class StringDecoder:
    """A string being read.

    Raises:
        Corrupt: if ``data`` is not a string at all.
    """

    def __init__(self, blocks: Blocks, data: bytes) -> None:
        self._blocks, self._string, self._symbols, self._least = blocks, OpenString(data), 0, 0

    def decode(self, rows: Rows) -> Ints:
        """The symbols (n,), int32, of the next part.

        Time and memory are in proportion to n. A string too short for these and all symbols before them is
        refused before either is taken.

        Args:
            rows: (n, ...), what it was coded with.

        Raises:
            Corrupt: if no encoder can have made the string. Not all damage shows: see the container's CRC.
            ShapeError: if a row does not exist.
        """
        rows = self._blocks.check_rows(rows)
        self._symbols += len(rows)
        self._least += sum(self._blocks.least(rows[block]) for block in _cut(len(rows)))
        if len(rows):
            check_length(self._string.length, self._symbols, self._least)
        symbols = np.empty(len(rows), np.int32)
        with self._string.decoder() as decoder:
            for block in _cut(len(rows)):
                symbols[block] = self._blocks.decode(decoder, rows[block])
        return symbols

    def finish(self) -> None:
        """Check that the string ends after the last part.

        Raises:
            Corrupt: if it goes on.
        """
        check_length(self._string.length, self._symbols, self._least)
        self._string.finish()


def _cut(n: int) -> list[slice]:
    return [slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)]
