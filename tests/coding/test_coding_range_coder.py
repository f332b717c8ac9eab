import math

import constriction
import numpy as np
import pytest
from specified_decoder import SpecifiedDecoder

from litcodec.coding import SYMBOL_MAX, IntegerTables, RangeCoder, build_tables
from litcodec.coding.blocks import BlockCoder
from litcodec.coding.escapes import encode_overshoots
from litcodec.coding.range_coder import BLOCK
from litcodec.errors import CodecFileError, Corrupt, ShapeError

TOTAL = 2**24
Uniform = constriction.stream.model.Uniform


def one_row(masses, offset):
    return IntegerTables(
        np.array(masses, np.int32), np.array([len(masses)], np.int32), np.array([offset], np.int32)
    )


def random_tables(rng, rows):
    lengths = rng.integers(1, 40, rows)
    pmfs = [rng.dirichlet(np.full(n, rng.choice([0.02, 0.3, 5.0]))) for n in lengths]
    return build_tables(
        pmfs, rng.choice([0.0, 1e-6, 0.01, 0.5], rows).tolist(), rng.integers(-50, 20, rows).tolist()
    )


def ints(*values):
    return np.array(values, dtype=np.int32)


def round_trip(coder, symbols, rows):
    encoded = coder.encode(symbols, rows)
    decoded = coder.decode(encoded.data, rows)
    assert decoded.dtype == np.int32
    np.testing.assert_array_equal(decoded, symbols)
    return encoded


@pytest.mark.parametrize("rows_count", [1, 2, 7, 256, 257, 1000])
def test_symbols_come_back_from_random_tables(rows_count):
    rng = np.random.default_rng(rows_count)
    for n in (1, 2, 3, 50, 3000):
        coder = RangeCoder(random_tables(rng, rows_count))
        rows = rng.integers(0, rows_count, n)
        symbols = rng.integers(-60, 60, n).astype(np.int32)
        encoded = round_trip(coder, symbols, rows)
        assert len(encoded.data) % 4 == 0
        assert encoded.clipped == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64])
def test_the_type_of_rows_does_not_matter(dtype):
    coder = RangeCoder(random_tables(np.random.default_rng(3), 200))
    rows = np.arange(400, dtype=dtype) % 200
    symbols = (np.arange(400) % 9 - 4).astype(np.int32)
    assert round_trip(coder, symbols, rows).data == coder.encode(symbols, rows.astype(np.int16)).data


def test_no_symbols_are_no_bytes():
    coder = RangeCoder(one_row([TOTAL - 1, 1], 0))
    assert round_trip(coder, ints(), ints()) == (b"", 0, 0)
    with pytest.raises(Corrupt, match="4 bytes cannot be a string of 0 symbols"):
        coder.decode(bytes(4), ints())


def test_symbols_across_blocks_come_back():
    rng = np.random.default_rng(5)
    n = 2 * BLOCK + 17
    rows = rng.integers(0, 5, n)
    symbols = rng.integers(-60, 60, n).astype(np.int32)
    assert round_trip(RangeCoder(random_tables(rng, 5)), symbols, rows).escapes > 1000


def test_a_certain_symbol_costs_almost_nothing():
    coder = RangeCoder(one_row([TOTAL - 1, 1], 5))
    assert len(round_trip(coder, np.full(100_000, 5, np.int32), np.zeros(100_000, np.uint8)).data) <= 8


def test_the_rarest_symbol_costs_24_bits():
    masses = [1] * 65535 + [TOTAL - 65535]  # the escape takes nearly all
    symbols = np.arange(-1000, 1000, dtype=np.int32)
    data = round_trip(RangeCoder(one_row(masses, -32767)), symbols, np.zeros(2000, np.uint8)).data
    assert 2000 * 3 <= len(data) <= 2000 * 3 + 8


def test_escapes_come_back_at_every_distance():
    coder = RangeCoder(one_row([TOTAL // 2, TOTAL // 4, TOTAL // 4], -1))
    powers = [1 << k for k in range(15)]
    symbols = ints(
        *(s * (p + d) for p in powers for d in (-1, 0, 1) for s in (1, -1)), SYMBOL_MAX, -SYMBOL_MAX
    )
    inside = np.isin(symbols, [-1, 0]).sum()
    assert round_trip(coder, symbols, np.zeros(len(symbols), int)).escapes == len(symbols) - inside


@pytest.mark.parametrize("offset", [-SYMBOL_MAX, SYMBOL_MAX])
def test_the_longest_escapes_come_back(offset):
    coder = RangeCoder(one_row([TOTAL - 1, 1], offset))
    symbols = ints(SYMBOL_MAX, -SYMBOL_MAX, SYMBOL_MAX - 1, 1 - SYMBOL_MAX)
    assert round_trip(coder, symbols, np.zeros(4, int)).escapes == 3


def test_too_large_symbols_are_clipped_and_counted():
    coder = RangeCoder(one_row([TOTAL - 1, 1], 0))
    symbols = ints(0, 32766, 32767, 32768, -32767, -32768, 40000, 2**31 - 1, -(2**31))
    encoded = coder.encode(symbols, np.zeros(9, int))
    assert (encoded.escapes, encoded.clipped) == (8, 5)
    expected = ints(0, 32766, 32767, 32767, -32767, -32767, 32767, 32767, -32767)
    np.testing.assert_array_equal(coder.decode(encoded.data, np.zeros(9, int)), expected)


def test_inputs_are_left_alone():
    coder = RangeCoder(one_row([TOTAL - 1, 1], 0))
    symbols, rows = ints(40000, 0, 3), np.zeros(3, np.uint8)
    symbols.flags.writeable = rows.flags.writeable = False
    coder.encode(symbols, rows)


@pytest.mark.parametrize(
    "masses",
    [
        [1, TOTAL - 1],
        [TOTAL - 1, 1],
        [TOTAL // 2, TOTAL // 2],
        [1, 1, TOTAL - 3, 1],
        [1] * 500 + [TOTAL - 500],
        [TOTAL - 500] + [1] * 500,
        *(random_tables(np.random.default_rng(seed), 1).masses for seed in range(30)),
        build_tables([np.random.default_rng(9).dirichlet(np.full(500, 0.1))], [0.0], [0]).masses,
    ],
)
def test_constriction_uses_exactly_our_integers(masses):
    """An ANS coder's state shows which of the 2^24 slots decode to which entry."""
    model = BlockCoder(one_row(masses, 0)).model(0)
    borders = np.cumsum(masses).tolist()

    def entry_of(slot):
        coder = constriction.stream.stack.AnsCoder()
        coder.encode_reverse(slot, Uniform(TOTAL))
        return coder.decode(model)

    assert [entry_of(border) for border in borders[:-1]] == list(range(1, len(borders)))
    assert [entry_of(border - 1) for border in borders] == list(range(len(borders)))
    assert entry_of(0) == 0


@pytest.mark.parametrize("scale", np.geomspace(0.11, 256, 12))
def test_a_string_is_as_short_as_the_information_in_it(scale):
    half_width, n = math.ceil(5 * scale), 30_000
    cdf = np.array(
        [0.5 * math.erf((k - 0.5) / scale / math.sqrt(2)) for k in range(-half_width, half_width + 2)]
    )
    pmf = np.diff(cdf)
    symbols = np.rint(np.random.default_rng(0).normal(0, scale, n)).astype(np.int32)
    symbols = np.clip(symbols, -half_width, half_width)
    information = -np.log2(pmf[symbols + half_width]).sum() / 8
    coder = RangeCoder(build_tables([pmf], [2.0**-15], [-half_width]))
    size = len(round_trip(coder, symbols, np.zeros(n, np.uint8)).data)
    assert information - 1 <= size <= information * 1.005 + 40


def golden_case():
    quarter = TOTAL // 4
    tables = IntegerTables(
        masses=ints(quarter, 2 * quarter, quarter - 1, 1, 5, TOTAL - 1005, 1000, 3 * quarter, quarter),
        lengths=ints(4, 3, 2),
        offsets=ints(-1, 10, 0),
    )
    i = np.arange(60)
    rows = i * i % 7 % 3
    symbols = np.select(
        [i == 13, i == 31, i == 47], [-300, 2**15 - 1, 12], (i * 5 % 3 - 1) + 10 * (rows == 1)
    )
    return tables, symbols.astype(np.int32), rows


GOLDEN = (
    "e8ffac35b4ffff9aebb33cfeffffffcf88fc6bff04ac3f5eb1feab56194c634effffff0e1fc835f0"
    "78dda1f6684289fffff74b39818bf8fd3bea585ab33f883182fe2084fe7e6c70d25e3f90"
)


def test_golden_bytes():
    """Change these and no old file can be read: a change needs a new format version."""
    tables, symbols, rows = golden_case()
    encoded = RangeCoder(tables).encode(symbols, rows)
    assert encoded.data.hex() == GOLDEN
    np.testing.assert_array_equal(RangeCoder(tables).decode(bytes.fromhex(GOLDEN), rows), symbols)


def specified_decode(tables, data, rows):
    decoder, symbols, escaped = SpecifiedDecoder(data), np.zeros(len(rows), np.int32), []
    starts = np.cumsum(tables.lengths) - tables.lengths
    for row in sorted(set(rows.tolist())):
        length, first = int(tables.lengths[row]), int(tables.offsets[row])
        for at in np.flatnonzero(rows == row):
            entry = decoder.decode(tables.masses[starts[row] : starts[row] + length])
            symbols[at] = first + entry
            if entry == length - 1:
                escaped.append((at, first, first + length - 2))
    for at, symbol in decoder.escapes(escaped):
        symbols[at] = symbol
    assert decoder.at_end()
    return symbols


def test_the_specification_is_what_the_coder_does():
    tables, symbols, rows = golden_case()
    np.testing.assert_array_equal(specified_decode(tables, bytes.fromhex(GOLDEN), rows), symbols)
    rng = np.random.default_rng(11)
    for n in (1, 2, 30, 1000):
        tables = random_tables(rng, 6)
        rows, symbols = rng.integers(0, 6, n), rng.integers(-80, 60, n).astype(np.int32)
        data = RangeCoder(tables).encode(symbols, rows).data
        np.testing.assert_array_equal(specified_decode(tables, data, rows), symbols)


def test_an_escape_beyond_the_range_is_corrupt():
    tables = one_row([TOTAL - 1, 1], -5)
    encoder = constriction.stream.queue.RangeEncoder()
    encoder.encode(ints(1), BlockCoder(tables).model(0))
    encode_overshoots(encoder, ints(-40000))
    with pytest.raises(Corrupt, match="40005"):
        RangeCoder(tables).decode(encoder.get_compressed().astype("<u4").tobytes(), np.zeros(1, int))


def test_strings_of_a_wrong_length_are_corrupt():
    tables, symbols, rows = golden_case()
    coder, data = RangeCoder(tables), bytes.fromhex(GOLDEN)
    with pytest.raises(Corrupt, match="0 bytes cannot be a string of 60 symbols"):
        coder.decode(b"", rows)
    with pytest.raises(Corrupt, match="bytes cannot be"):
        coder.decode(data[:-1], rows)
    with pytest.raises(Corrupt, match="goes on after its last symbol"):
        coder.decode(data + bytes(8), rows)
    with pytest.raises(Corrupt, match="goes on after its last symbol"):
        coder.decode(data, rows[:30])


def test_wrong_arguments_are_refused():
    coder = RangeCoder(one_row([TOTAL - 1, 1], 0))
    with pytest.raises(ShapeError, match="int64"):
        coder.encode(np.zeros(3, np.int64), np.zeros(3, int))
    with pytest.raises(ShapeError, match=r"\(3,\), \(2,\)"):
        coder.encode(np.zeros(3, np.int32), np.zeros(2, int))
    with pytest.raises(ShapeError, match=r"rows 0..0; got rows 0..1"):
        coder.encode(np.zeros(2, np.int32), np.arange(2))
    with pytest.raises(ShapeError, match=r"got rows -1..0"):
        coder.decode(bytes(4), ints(0, -1))
    with pytest.raises(ShapeError, match="2-d"):
        coder.decode(bytes(4), np.zeros((2, 2), int))
    with pytest.raises(CodecFileError):
        RangeCoder(one_row([TOTAL, 1], 0))
