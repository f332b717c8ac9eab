import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litcodec.coding import RangeCoder, build_tables
from litcodec.errors import BitstreamError, Corrupt

PMFS = [np.array([0.2, 0.5, 0.2]), np.array([1.0]), np.array([1e-9, 1.0]), np.full(300, 1 / 300)]
CODER = RangeCoder(build_tables(PMFS, [0.1, 0.0, 1e-6, 0.9], [-1, 5, 32766, -150]))
SLOW = settings(deadline=2000, max_examples=300)  # milliseconds each: bounded time


def rows_of(seed, n):
    return np.random.default_rng(seed).integers(0, len(PMFS), n, dtype=np.uint8)


@SLOW
@given(st.binary(max_size=200), st.integers(0, 99), st.integers(0, 2000))
def test_any_bytes_decode_or_are_a_bitstream_error(data, seed, n):
    try:
        symbols = CODER.decode(data, rows_of(seed, n))
    except BitstreamError:
        return
    assert symbols.shape == (n,)
    assert np.abs(symbols).max(initial=0) <= 32767


@SLOW
@given(
    st.binary(max_size=400).map(lambda data: data[: len(data) // 4 * 4]),
    st.integers(0, 99),
    st.integers(1, 300),
)
def test_whole_words_decode_or_are_corrupt(data, seed, n):
    try:
        CODER.decode(data, rows_of(seed, n))
    except Corrupt:
        pass


@SLOW
@given(st.lists(st.tuples(st.integers(-(2**31), 2**31 - 1), st.integers(0, 3)), max_size=60))
def test_any_symbols_come_back_clipped(pairs):
    symbols = np.array([symbol for symbol, _ in pairs], dtype=np.int32)
    rows = np.array([row for _, row in pairs], dtype=np.uint8)
    decoded = CODER.decode(CODER.encode(symbols, rows).data, rows)
    np.testing.assert_array_equal(decoded, np.clip(symbols, -32767, 32767))


@SLOW
@given(st.data())
def test_a_changed_string_decodes_or_is_corrupt(data):
    rows = rows_of(data.draw(st.integers(0, 99)), 200)
    string = bytearray(CODER.encode(np.arange(-100, 100, dtype=np.int32), rows).data)
    for at in data.draw(st.lists(st.integers(0, len(string) * 8 - 1), min_size=1, max_size=5)):
        string[at // 8] ^= 1 << at % 8
    try:
        CODER.decode(bytes(string), rows)
    except Corrupt:
        pass


@pytest.mark.parametrize("word", [b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x01\x00\x00\x80"])
def test_memory_follows_the_number_of_symbols_not_the_bytes(word):
    rows = rows_of(0, 300_000)
    CODER.encode(np.zeros(4, np.int32), np.arange(4, dtype=np.uint8))  # builds the models
    tracemalloc.start()
    try:
        CODER.decode(word * 1000, rows)
    except Corrupt:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 10_000_000
