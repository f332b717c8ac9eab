"""Laplace distributions in integers: masses, bytes, damage."""

import hashlib
import math

import numpy as np
import pytest

from litcodec.coding.laplace import (
    LARGEST_SYMBOL,
    LaplaceDecoder,
    LaplaceEncoder,
    Laplaces,
    bits_of_symbols,
    laplaces_of,
)
from litcodec.coding.laplace_tables import CELLS, SCALE_MAX, SCALE_MIN, laplace_tables
from litcodec.errors import Corrupt

UNIT = 4096


def _below(place: float, scale: float) -> float:
    return 0.5 * math.exp(place / scale) if place < 0 else 1 - 0.5 * math.exp(-place / scale)


def _random(n: int) -> tuple[np.ndarray, Laplaces]:
    rng = np.random.default_rng(0)
    means, log_scales = rng.uniform(-30, 30, n), rng.uniform(-4, 5, n)
    drawn = rng.laplace(means, np.exp(np.clip(log_scales, -3.5, 4.5)))
    symbols = np.clip(np.rint(drawn), -LARGEST_SYMBOL, LARGEST_SYMBOL).astype(np.int64)
    symbols[::97], symbols[1::97] = LARGEST_SYMBOL, -LARGEST_SYMBOL
    return symbols, laplaces_of(np.rint(means * UNIT), np.rint(log_scales * UNIT))


def _part(laplaces: Laplaces, part: slice) -> Laplaces:
    return Laplaces(laplaces.rows[part], laplaces.nearest[part])


def _coded(symbols: np.ndarray, laplaces: Laplaces, step: int) -> bytes:
    encoder = LaplaceEncoder()
    for a in range(0, len(symbols), step):
        encoder.encode(symbols[a : a + step], _part(laplaces, slice(a, a + step)))
    return encoder.finish()


def test_the_tables_are_the_same_everywhere():
    weights = laplace_tables().weights.astype("<i8").tobytes()
    assert hashlib.sha256(weights).hexdigest()[:16] == "7a1a15ad9663b652"


def test_masses_are_those_of_laplace_distributions_to_six_millionths():
    tables = laplace_tables()
    assert (tables.weights.sum(1) == 2**24 - 16).all()
    assert (tables.weights >= 0).all()
    for s, phase in ((SCALE_MIN, 0), (-10, 5), (0, -16), (6, 15), (7, 0), (20, 3), (SCALE_MAX, 0)):
        row = (s - SCALE_MIN) * 32 + phase + 16
        width, first = 1 << tables.cell_bits[row], tables.first[row]
        borders = [first + i * width - 0.5 - phase / 32 for i in range(CELLS + 1)]
        masses = np.diff([_below(border, math.exp(s / 8)) for border in borders])
        assert np.abs((tables.weights[row, :CELLS] + 1) / 2**24 - masses).max() < 6e-6


@pytest.mark.parametrize("step", [1, 250, 5000])
def test_symbols_come_back_whatever_the_parts(step: int):
    symbols, laplaces = _random(1000 if step == 1 else 5000)
    decoder = LaplaceDecoder(_coded(symbols, laplaces, step), len(symbols))
    parts = [decoder.decode(_part(laplaces, slice(a, a + step))) for a in range(0, len(symbols), step)]
    decoder.finish()
    assert (np.concatenate(parts) == symbols).all()


def test_bytes_are_what_the_information_says():
    symbols, laplaces = _random(5000)
    bits = float(bits_of_symbols(symbols, laplaces).sum())
    assert bits / 8 - 1 <= len(_coded(symbols, laplaces, 5000)) <= bits / 8 * 1.0005 + 8


def test_strings_that_no_encoder_writes_are_corrupt():
    symbols, laplaces = _random(2000)
    data = _coded(symbols, laplaces, 2000)
    with pytest.raises(Corrupt):
        LaplaceDecoder(data[:-1], 2000)
    with pytest.raises(Corrupt, match="symbols, which take at least"):
        LaplaceDecoder(data[:4], 10**8)
    longer = LaplaceDecoder(data + bytes(range(8)), 2000)
    longer.decode(laplaces)
    with pytest.raises(Corrupt, match="goes on"):
        longer.finish()


def test_an_escape_beyond_the_largest_symbol_is_corrupt():
    laplaces = laplaces_of(np.array([1000.0 * UNIT]), np.array([0.0]))
    encoder = LaplaceEncoder()
    encoder.encode(np.array([LARGEST_SYMBOL + 200]), laplaces)
    with pytest.raises(Corrupt, match="an escape decodes to more than 1023"):
        LaplaceDecoder(encoder.finish(), 1).decode(laplaces)
