"""Strings that are written and read part by part."""

import numpy as np
import pytest

from litcodec.coding import RangeCoder, build_tables
from litcodec.errors import Corrupt, ShapeError

PMFS = [np.array([0.2, 0.5, 0.2]), np.array([1.0]), np.full(100, 0.01)]
LENGTHS = [0, 1, 5, 0, 300, 2, 70_000]  # of the parts; the last has two blocks


@pytest.fixture(scope="module")
def coder() -> RangeCoder:
    return RangeCoder(build_tables(PMFS, [0.1, 1e-3, 0.05], [-1, 5, -50]))


@pytest.fixture(scope="module")
def parts():
    rng = np.random.default_rng(0)
    return [(rng.integers(-60, 60, n).astype(np.int32), rng.integers(0, 3, n)) for n in LENGTHS]


def _write(coder: RangeCoder, parts):
    encoder = coder.encoder()
    for symbols, rows in parts:
        encoder.encode(symbols, rows)
    return encoder.finish()


def test_parts_come_back_one_by_one(coder: RangeCoder, parts):
    decoder = coder.decoder(_write(coder, parts).data)
    for symbols, rows in parts:
        np.testing.assert_array_equal(decoder.decode(rows), symbols)
    decoder.finish()


def test_a_string_of_one_part_is_that_of_encode(coder: RangeCoder, parts):
    assert _write(coder, parts[-1:]) == coder.encode(*parts[-1])


def test_parts_cost_no_more_than_one_part(coder: RangeCoder, parts):
    together = coder.encode(*(np.concatenate(of_all) for of_all in zip(*parts, strict=True)))
    apart = _write(coder, parts)
    assert abs(len(apart.data) - len(together.data)) <= 8
    assert (apart.escapes, apart.clipped) == (together.escapes, together.clipped)
    assert apart.escapes > 100


def test_all_escapes_of_a_part_are_in_it(coder: RangeCoder):
    # So that they are known before the rows of the next part are asked for.
    far = np.array([3000, 0, -3000], np.int32)
    data = _write(coder, [(far, np.zeros(3, int)), (far, np.full(3, 2))]).data
    decoder = coder.decoder(data)
    assert decoder.decode(np.zeros(3, int)).tolist() == [3000, 0, -3000]
    assert decoder.decode(np.full(3, 2)).tolist() == [3000, 0, -3000]


def test_nothing_but_empty_parts_are_no_bytes(coder: RangeCoder):
    empty = (np.zeros(0, np.int32), np.zeros(0, int))
    assert _write(coder, [empty, empty]).data == b""
    decoder = coder.decoder(b"")
    assert decoder.decode(empty[1]).size == 0
    decoder.finish()


def test_strings_that_cannot_be_are_corrupt(coder: RangeCoder, parts):
    data = _write(coder, parts).data
    with pytest.raises(Corrupt, match="whole words"):
        coder.decoder(data[:-1])
    with pytest.raises(Corrupt, match="0 bytes cannot be a string of 4 symbols"):
        coder.decoder(b"").decode(np.zeros(4, int))
    with pytest.raises(Corrupt, match="4 bytes cannot be a string of 0 symbols"):
        coder.decoder(bytes(4)).finish()
    early = coder.decoder(data)
    early.decode(parts[1][1])
    with pytest.raises(Corrupt, match="goes on after its last symbol"):
        early.finish()


def test_what_no_encoder_can_have_written_is_corrupt_in_any_part(coder: RangeCoder, parts):
    data = _write(coder, parts).data
    half = len(data) // 8 * 4
    decoder = coder.decoder(data[:half] + b"\xff" * half)
    for symbols, rows in parts[:-1]:
        np.testing.assert_array_equal(decoder.decode(rows), symbols)
    with pytest.raises(Corrupt, match=f"{len(data) // 8 * 8} bytes does not decode|an escape decodes"):
        decoder.decode(parts[-1][1])


def test_a_row_that_does_not_exist_is_refused_in_any_part(coder: RangeCoder):
    encoder = coder.encoder()
    encoder.encode(np.zeros(2, np.int32), np.zeros(2, int))
    with pytest.raises(ShapeError, match=r"rows 0\.\.2; got rows 3\.\.3"):
        encoder.encode(np.zeros(1, np.int32), np.array([3]))
