import math

import numpy as np
import pytest

from litcodec.coding import PRECISION, IntegerTables, build_tables, check_tables, quantise_pmf
from litcodec.errors import CodecFileError, FreezeError

TOTAL = 2**PRECISION


def tables(masses, lengths, offsets):
    return IntegerTables(*(np.array(values, dtype=np.int32) for values in (masses, lengths, offsets)))


def gaussian_pmf(scale, half_width):
    borders = (np.arange(-half_width, half_width + 2) - 0.5) / (scale * math.sqrt(2))
    return np.diff([0.5 * math.erf(b) for b in borders])


PMFS = [
    ([1.0], 0.0),
    ([0.0], 1.0),
    ([0.5, 0.5], 1e-30),
    ([1e-12, 1.0, 1e-12], 2.0**-20),
    (np.full(65535, 1 / 65535), 0.0),
    (gaussian_pmf(0.11, 1), 2.0**-15),
    (gaussian_pmf(3.3, 40), 2.0**-15),
    (gaussian_pmf(256, 1300), 2.0**-20),
    (0.5 ** np.arange(4000.0) + 1e-9, 0.0),  # most entries lifted to 1
    (np.random.default_rng(1).dirichlet(np.full(3000, 0.1)), 1e-6),
    (np.random.default_rng(2).dirichlet(np.full(50, 1.0)), 0.3),
]


@pytest.mark.parametrize(("pmf", "tail"), PMFS)
def test_masses_are_positive_and_sum_to_the_total(pmf, tail):
    masses = quantise_pmf(np.asarray(pmf), tail)
    assert masses.dtype == np.int32
    assert masses.shape == (len(pmf) + 1,)
    assert masses.min() >= 1
    assert masses.sum(dtype=np.int64) == TOTAL


@pytest.mark.parametrize(("pmf", "tail"), PMFS)
def test_no_exchange_of_units_saves_bits(pmf, tail):
    p = np.append(pmf, tail)
    p /= p.sum()
    masses = quantise_pmf(np.asarray(pmf), tail).astype(float)
    gain = p * np.log1p(1 / masses)  # of one unit more
    loss = np.where(masses > 1, -p * np.log1p(-1 / np.maximum(masses, 2)), np.inf)  # of one unit less
    # The method ranks by p / (m + 1/2) instead of the logarithm: an exchange could save a hair at most.
    assert gain.max() - loss.min() < 1e-8


def test_known_masses():
    assert quantise_pmf(np.array([0.25, 0.5]), 0.25).tolist() == [TOTAL // 4, TOTAL // 2, TOTAL // 4]
    assert quantise_pmf(np.array([1.0]), 0.0).tolist() == [TOTAL - 1, 1]
    assert quantise_pmf(np.array([5.0, 0.0, 3.0]), 0.0).tolist() == [10485759, 1, 6291455, 1]


@pytest.mark.parametrize(
    ("pmf", "tail"), [([np.nan], 0.1), ([np.inf], 0), ([-0.1, 1], 0), ([0.0], 0.0), ([], 1.0), ([1.0], -1e-9)]
)
def test_what_is_no_distribution_is_refused(pmf, tail):
    with pytest.raises(FreezeError):
        quantise_pmf(np.array(pmf, dtype=float), tail)


def test_too_many_symbols_are_refused():
    with pytest.raises(FreezeError, match="65536"):
        quantise_pmf(np.ones(65536), 0.0)


def test_built_tables_are_concatenated_rows():
    built = build_tables([np.array([0.5]), np.array([0.25, 0.5])], [0.5, 0.25], [-3, 7])
    half, quarter = TOTAL // 2, TOTAL // 4
    assert built.masses.tolist() == [half, half, quarter, half, quarter]
    assert built.lengths.tolist() == [2, 3]
    assert built.offsets.tolist() == [-3, 7]


def test_building_no_rows_is_refused():
    with pytest.raises(CodecFileError, match="0"):
        build_tables([], [], [])


def test_the_widest_row_is_accepted():
    check_tables(tables([TOTAL - 65535] + [1] * 65535, [65536], [-32767]))


HALF = TOTAL // 2


@pytest.mark.parametrize(
    ("masses", "lengths", "offsets", "message"),
    [
        ([HALF, HALF - 1], [2], [0], f"row 0 has sum of masses {TOTAL - 1}"),
        ([HALF, HALF + 1], [2], [0], f"sum of masses {TOTAL + 1}"),
        ([TOTAL, 0], [2], [0], "smallest mass 0"),
        ([TOTAL + 5, -5], [2], [0], "smallest mass -5"),
        ([HALF, HALF, TOTAL], [2, 1], [0, 0], "row 1 has length 1"),
        ([HALF, HALF], [2, 0], [0, 0], "row 1 has length 0"),
        ([HALF, HALF], [2, -2], [0, 0], "row 1 has length -2"),
        ([HALF, HALF], [3], [0], "sum to 3"),
        ([HALF, HALF], [2**31 - 1], [0], "row 0 has last symbol"),
        ([HALF, HALF], [2], [32768], "last symbol 32768"),
        ([HALF, HALF], [2], [-32768], "offset -32768"),
        ([HALF, HALF], [2], [0, 0], "1 and 2"),
        ([], [], [], "0 and 0"),
        ([HALF, HALF] * 65537, [2] * 65537, [0] * 65537, "65537"),
    ],
)
def test_unusable_tables_are_refused(masses, lengths, offsets, message):
    with pytest.raises(CodecFileError, match=message):
        check_tables(tables(masses, lengths, offsets))


def test_a_wrong_type_is_refused():
    good = tables([HALF, HALF], [2], [0])
    with pytest.raises(CodecFileError, match="1-d int64"):
        check_tables(good._replace(masses=good.masses.astype(np.int64)))
    with pytest.raises(CodecFileError, match="2-d int32"):
        check_tables(good._replace(offsets=good.offsets[None]))
