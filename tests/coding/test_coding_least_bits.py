"""A string too short for the symbols it is said to hold is refused before memory is taken for them."""

import tracemalloc

import numpy as np
import pytest
from gaussian_mixtures import TABLES

from litcodec.coding import MixtureBlockCoder, RangeCoder, StringDecoder, StringEncoder, build_tables
from litcodec.coding.least_bits import least_bits
from litcodec.coding.tables import IntegerTables
from litcodec.errors import Corrupt

TOTAL = 2**24


def one_row(*masses):
    return IntegerTables(
        np.array(masses, np.int32), np.array([len(masses)], np.int32), np.array([0], np.int32)
    )


@pytest.mark.parametrize(
    ("masses", "units"),
    [
        ((TOTAL - 1, 1), 1),  # 1.44 units of 2^-24 bits
        ((TOTAL // 2, TOTAL // 2), TOTAL),  # one bit; the escape takes six
        ((TOTAL // 4, TOTAL // 4, TOTAL // 2), 2 * TOTAL),
        ((1, TOTAL - 1), 5 * TOTAL + 1),  # the escape's head has five bits
    ],
)
def test_a_row_has_a_least_cost(masses, units):
    assert least_bits(one_row(*masses)).tolist() == [units]


@pytest.mark.parametrize("seed", range(20))
def test_no_encoder_writes_less_than_the_bound(seed):
    rng = np.random.default_rng(seed)
    pmfs = [rng.dirichlet(np.full(n, rng.choice([0.02, 0.3, 5.0]))) for n in rng.integers(1, 9, 6)]
    tables = build_tables(pmfs, rng.choice([0.0, 1e-6, 0.5], 6).tolist(), [0] * 6)
    best = np.array([pmf.argmax() for pmf in pmfs], np.int32)
    for n in (1, 7, 500, 70_000):
        rows = rng.integers(0, 6, n)
        data = RangeCoder(tables).encode(best[rows], rows).data
        bound = least_bits(tables)[rows].sum() / 2**27
        assert bound <= len(data) <= bound * 1.001 + 40 + 8 * n
        np.testing.assert_array_equal(RangeCoder(tables).decode(data, rows), best[rows])


def test_a_claim_of_many_symbols_takes_no_memory():
    coder = RangeCoder(one_row(TOTAL // 2, TOTAL // 2))
    tracemalloc.start()
    with pytest.raises(Corrupt, match="4 bytes cannot be a string of 1000000000 symbols, which take"):
        coder.check_string(bytes(4), 10**9)
    with pytest.raises(Corrupt, match="take at least 125000000"):
        coder.check_string_of_all_rows(bytes(4), 10**9)
    rows = np.zeros(2**22, np.uint8)
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    with pytest.raises(Corrupt, match="take at least 524288"):
        coder.decode(bytes(400), rows)
    assert tracemalloc.get_traced_memory()[1] - before < 2**21  # the symbols would be 2^24 bytes
    tracemalloc.stop()


def test_a_string_in_parts_is_refused_at_the_part_that_it_cannot_hold():
    decoder = RangeCoder(one_row(TOTAL // 2, TOTAL // 2)).decoder(bytes(8))
    decoder.decode(np.zeros(64, np.uint8))
    with pytest.raises(Corrupt, match="8 bytes cannot be a string of 65 symbols"):
        decoder.decode(np.zeros(1, np.uint8))


def test_mixtures_have_a_least_cost_too():
    blocks = MixtureBlockCoder(TABLES)
    n = 200_000
    peaked = np.tile(np.array([0, 0, 1], np.int32), (n, 1))
    encoder = StringEncoder(blocks)
    encoder.encode(np.zeros(n, np.int32), peaked)
    data = encoder.finish().data
    assert blocks.least(peaked) / 2**27 <= len(data)
    with pytest.raises(Corrupt, match="8 bytes cannot be a string of 10000000 symbols"):
        blocks.check_string(bytes(8), 10**7)
    with pytest.raises(Corrupt, match="0 bytes cannot be a string of 200000 symbols"):
        StringDecoder(blocks, b"").decode(peaked)
