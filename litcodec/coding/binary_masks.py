"""Binary masks <-> bytes, exactly: a mask is coded as its corners, which few positions are.

A corner is where an odd number of the four positions (row, column), (row - 1, column), (row, column - 1) and
(row - 1, column - 1) is set; outside of the mask none is. A rectangle has four corners, or fewer at the
mask's ends. All corners have one probability, a power of 1/2, which the string's first symbol names.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from litcodec.coding.information import information
from litcodec.coding.range_coder import RangeCoder
from litcodec.coding.tables import PRECISION, IntegerTables
from litcodec.errors import Corrupt

Mask = npt.NDArray[np.bool_]

CHOICES = 15  # a corner's probability is 2^-1 .. 2^-15
_CHOICE_ROW = 0  # of the tables; row k is that of the probability 2^-k


def encode_mask(mask: Mask) -> bytes:
    """The string of a mask (h, w)."""
    symbols, rows = _coded(mask)
    encoder = _coder().encoder()
    encoder.encode(symbols[:1], rows[:1])
    encoder.encode(symbols[1:], rows[1:])
    return encoder.finish().data


def decode_mask(string: bytes, h: int, w: int) -> Mask:
    """The mask (h, w) that ``encode_mask`` made ``string`` of.

    Time and memory are in proportion to h * w; a string too short for them is refused before either is taken.

    Raises:
        Corrupt: if ``encode_mask`` cannot have made ``string``. Not all damage shows.
    """
    _coder().check_string(string, 1 + h * w)
    decoder = _coder().decoder(string)
    choice = int(decoder.decode(np.array([_CHOICE_ROW], np.uint8))[0])
    if not 0 <= choice < CHOICES:
        raise Corrupt(f"a mask's choice is 0 to {CHOICES - 1}; got {choice}. Get the file again.")
    corners = decoder.decode(np.full(h * w, 1 + choice, np.uint8))
    decoder.finish()
    if corners.size and not (0 <= corners.min() and corners.max() <= 1):
        raise Corrupt("a mask's symbols are 0 and 1; there is another. Get the file again.")
    return _mask_of(corners.reshape(h, w).astype(np.bool_))


def mask_bits(mask: Mask) -> npt.NDArray[np.float32]:
    """The information content of each symbol (h, w), in bits; the choice is counted to the first."""
    symbols, rows = _coded(mask)
    bits = information(_tables(), symbols, rows)
    bits[1] += bits[0]
    found: npt.NDArray[np.float32] = bits[1:].reshape(mask.shape)
    return found


def _coded(mask: Mask) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """The symbols of a string, the choice first, and the table row of each."""
    corners = _corners_of(mask).ravel()
    ones = int(np.count_nonzero(corners))
    powers = np.arange(1, CHOICES + 1)
    costs = ones * powers - (corners.size - ones) * np.log2(1 - 0.5**powers)
    choice = int(costs.argmin())
    symbols = np.concatenate([[choice], corners]).astype(np.int32)
    rows = np.full(symbols.size, 1 + choice, np.uint8)
    rows[0] = _CHOICE_ROW
    return symbols, rows


def _corners_of(mask: Mask) -> Mask:
    outside = np.pad(mask, ((1, 0), (1, 0)))
    found: Mask = outside[1:, 1:] ^ outside[:-1, 1:] ^ outside[1:, :-1] ^ outside[:-1, :-1]
    return found


def _mask_of(corners: Mask) -> Mask:
    found: Mask = np.logical_xor.accumulate(np.logical_xor.accumulate(corners, axis=0), axis=1)
    return found


@cache
def _tables() -> IntegerTables:
    total = 1 << PRECISION
    choice = np.full(CHOICES + 1, total // (CHOICES + 1), np.int32)  # the last is the ESCAPE
    rows = [np.array([total - (total >> k) - 1, total >> k, 1], np.int32) for k in range(1, CHOICES + 1)]
    lengths = np.array([CHOICES + 1, *[3] * CHOICES], np.int32)
    return IntegerTables(np.concatenate([choice, *rows]), lengths, np.zeros(CHOICES + 1, np.int32))


@cache
def _coder() -> RangeCoder:
    return RangeCoder(_tables())
