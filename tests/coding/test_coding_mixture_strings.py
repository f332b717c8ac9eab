"""Strings of Gaussian mixtures: in parts, with escapes, damaged, refused."""

import tracemalloc

import numpy as np
import pytest
from gaussian_mixtures import BLOCKS, TABLES, decode, drawn, encode, extremes, log_uniform, mixtures, on_grid
from hypothesis import given, settings
from hypothesis import strategies as st

from litcodec.coding import SYMBOL_MAX, MixtureBlockCoder, MixtureTables
from litcodec.coding.range_coder import BLOCK, StringDecoder, StringEncoder
from litcodec.errors import CodecFileError, Corrupt, ShapeError


def test_escapes_come_back_at_every_distance():
    powers = [1 << k for k in range(15)]
    beyond = [s * (p + d) for p in powers for d in (-1, 0, 1) for s in (1, -1)]
    symbols = np.array([*beyond, SYMBOL_MAX, -SYMBOL_MAX, 40_000, -(2**31)], np.int32)
    parameters = np.tile(on_grid(*np.array([[[0.0, 0.0]], [[0.3, 60.0]], [[0.2, 0.2]]])), (len(symbols), 1))
    encoded = encode(symbols, parameters)
    assert encoded.clipped == 2
    assert encoded.escapes > 60
    np.testing.assert_array_equal(decode(encoded.data, parameters), symbols.clip(-SYMBOL_MAX, SYMBOL_MAX))


def test_symbols_across_blocks_come_back_in_parts(monkeypatch):
    rng = np.random.default_rng(7)
    n = BLOCK + 3000
    parameters = mixtures(rng, n, 2, log_uniform(rng, n, 2, highest=2.0))
    symbols = drawn(rng, parameters)[0]
    encoder = StringEncoder(BLOCKS)
    for part in (slice(0, 7), slice(7, 7), slice(7, n)):
        encoder.encode(symbols[part], parameters[part])
    decoder = StringDecoder(BLOCKS, encoder.finish().data)
    np.testing.assert_array_equal(decoder.decode(parameters[:7]), symbols[:7])
    np.testing.assert_array_equal(decoder.decode(parameters[7:]), symbols[7:])
    decoder.finish()
    assert encode(symbols[:0], parameters[:0]).data == b""


def test_how_many_windows_are_computed_at_once_changes_nothing_but_memory(monkeypatch):
    rng = np.random.default_rng(8)
    n = 10_000
    parameters = mixtures(rng, n, 3, np.full((n, 3), 200.0))  # cells of 64 symbols
    symbols = drawn(rng, parameters)[0]
    data, peaks = encode(symbols, parameters).data, []
    for chunk in (2**10, 2**14):
        monkeypatch.setattr("litcodec.coding.mixture_blocks.CHUNK", chunk)
        tracemalloc.start()
        np.testing.assert_array_equal(decode(data, parameters), symbols)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    per_symbol, per_boundary = 600 * n, 8 * 5 * 65  # a window, or a cell, has at most 65 boundaries here
    assert peaks[0] < per_symbol + per_boundary * 2**10
    assert peaks[1] > 1.5 * peaks[0]  # or the bound would not depend on it


@settings(deadline=2000, max_examples=100)  # milliseconds each: bounded time
@given(st.binary(max_size=400), st.integers(0, 99))
def test_any_bytes_decode_or_are_corrupt(data: bytes, seed: int):
    rng = np.random.default_rng(seed)
    parameters = np.concatenate([mixtures(rng, 100, 3, log_uniform(rng, 100, 3)), extremes()[seed::40]])
    try:
        symbols = decode(data, parameters)
    except Corrupt:
        return
    assert np.abs(symbols).max() <= SYMBOL_MAX


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (np.zeros((2, 9), np.int64), "int64"),
        (np.zeros((2, 8), np.int32), r"\(2, 8\)"),
        (np.zeros((2, 51), np.int32), r"K <= 16; got int32 \(2, 51\)"),
        (np.zeros(2, np.int32), r"\(2,\)"),
        (np.full((2, 9), 2**24 + 1, np.int32), "16777217"),
        (np.zeros((3, 9), np.int32), "as many"),
    ],
)
def test_wrong_parameters_are_refused(parameters, message: str):
    with pytest.raises(ShapeError, match=message):
        encode(np.zeros(2, np.int32), parameters)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cdf": TABLES.cdf[:-1]}, "22528 CDF entries"),
        ({"cdf": TABLES.cdf[::-1].copy()}, "falls"),
        ({"cdf": TABLES.cdf - 1}, "CDF from -1"),
        ({"cdf": TABLES.cdf.astype(np.int64)}, "int64"),
        ({"exponentials": TABLES.exponentials[:0]}, "no exponentials"),
        ({"exponentials": TABLES.exponentials[1:]}, r"exp\(0\)"),
        ({"exponentials": np.array([2**16, 5, 6], np.int32)}, "rise"),
        ({"exponentials": np.array([2**16, -1], np.int32)}, "exponential -1"),
        ({"thresholds": TABLES.thresholds[1:]}, "62 thresholds for 64 scales"),
        ({"thresholds": TABLES.thresholds[::-1].copy()}, "fall"),
        ({"reciprocals": TABLES.reciprocals[None]}, "2-d"),
        ({"reciprocals": TABLES.reciprocals // 4}, "reciprocal 16384"),
        ({"reciprocals": TABLES.reciprocals[:0], "thresholds": TABLES.thresholds[:0]}, "0 thresholds"),
    ],
)
def test_unusable_tables_are_refused(change, message: str):
    with pytest.raises(CodecFileError, match=message) as caught:
        MixtureBlockCoder(MixtureTables(*{**TABLES._asdict(), **change}.values()))
    assert "\n" not in str(caught.value)
