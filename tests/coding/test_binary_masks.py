"""Masks through bytes."""

import numpy as np
import pytest

from litcodec.coding import RangeCoder, decode_mask, encode_mask, mask_bits
from litcodec.coding.binary_masks import _tables
from litcodec.coding.tables import check_tables
from litcodec.errors import Corrupt


def _disc(h: int, w: int) -> np.ndarray:
    rows, columns = np.ogrid[:h, :w]
    return (rows - h / 2) ** 2 + (columns - w / 2) ** 2 < (min(h, w) / 3) ** 2


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99, 1.0])
@pytest.mark.parametrize(("h", "w"), [(1, 1), (1, 9), (7, 1), (13, 20), (300, 301)])
def test_any_mask_comes_back(share: float, h: int, w: int) -> None:
    mask = np.random.default_rng(0).random((h, w)) < share
    string = encode_mask(mask)
    assert np.array_equal(decode_mask(string, h, w), mask)
    bits = mask_bits(mask)
    assert bits.shape == (h, w)
    assert bits.sum() - 1 <= 8 * len(string) <= bits.sum() * 1.005 + 64


def test_what_masks_of_the_usual_kinds_take() -> None:
    """Of 48 x 32 positions, those of an image of Kodak; noise takes a bit each and no more than that."""
    box = np.zeros((32, 48), np.bool_)
    box[5:20, 9:30] = True
    noise = np.random.default_rng(0).random((32, 48)) < 0.5
    lengths = [len(encode_mask(mask)) for mask in (~box & False, box | True, box, _disc(32, 48), noise)]
    assert lengths == [4, 4, 8, 40, 196]


def test_the_tables_are_sound() -> None:
    check_tables(_tables())


def test_strings_that_cannot_be_masks_are_corrupt() -> None:
    string = encode_mask(_disc(32, 48))
    for length in range(len(string)):
        with pytest.raises(Corrupt):
            decode_mask(string[:length], 32, 48)
    with pytest.raises(Corrupt, match="symbols, which take at least"):
        decode_mask(string[:4], 2**15, 2**15)
    with pytest.raises(Corrupt, match="goes on"):
        decode_mask(string + bytes(8), 32, 48)
    coder = RangeCoder(_tables()).encoder()
    coder.encode(np.array([15], np.int32), np.array([0], np.uint8))
    coder.encode(np.zeros(4, np.int32), np.ones(4, np.uint8))
    with pytest.raises(Corrupt, match="choice is 0 to 14; got 15"):
        decode_mask(coder.finish().data, 2, 2)
    coder = RangeCoder(_tables()).encoder()
    coder.encode(np.array([0], np.int32), np.array([0], np.uint8))
    coder.encode(np.array([0, 7, 0, 0], np.int32), np.ones(4, np.uint8))
    with pytest.raises(Corrupt, match="symbols are 0 and 1"):
        decode_mask(coder.finish().data, 2, 2)
