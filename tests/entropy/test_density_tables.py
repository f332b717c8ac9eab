import copy

import numpy as np
import pytest
import torch

from litcodec.coding import IntegerTables, RangeCoder
from litcodec.entropy import (
    FactorizedDensity,
    factorized_tables,
    gaussian_likelihood,
    gaussian_tables,
    scale_table,
    scale_thresholds,
)
from litcodec.errors import FreezeError

FRACTION_BITS = 12


@pytest.fixture(scope="module")
def tables() -> IntegerTables:
    return gaussian_tables()


@pytest.fixture(scope="module")
def coder(tables) -> RangeCoder:
    return RangeCoder(tables)


def _density(channels: int = 6) -> FactorizedDensity:
    torch.manual_seed(0)
    density = FactorizedDensity(channels)
    with torch.no_grad():
        for parameter in density.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.3)
    return density


def _rows(tables: IntegerTables) -> list[np.ndarray]:
    return np.split(tables.masses, np.cumsum(tables.lengths)[:-1])


def test_gaussian_rows_sum_to_2_to_the_24(tables):
    assert len(tables.lengths) == 64
    assert [int(row.sum(dtype=np.int64)) for row in _rows(tables)] == [2**24] * 64
    assert tables.masses.min() >= 1


def test_gaussian_rows_are_symmetric_about_0(tables):
    for row, offset in zip(_rows(tables), tables.offsets, strict=True):
        assert len(row) - 1 == 1 - 2 * offset
        # One unit more or less on one side is what is left of rounding.
        assert np.abs(row[:-1] - row[-2::-1]).max() <= 1


def test_gaussian_masses_are_the_estimates_likelihoods(tables):
    for scale, row, offset in zip(scale_table(), _rows(tables), tables.offsets, strict=True):
        v = torch.arange(len(row) - 1, dtype=torch.float64) + int(offset)
        likelihoods = gaussian_likelihood(v, scale.expand(len(v))).numpy()
        # The escape's 2^-15 comes out of the others' share.
        np.testing.assert_allclose(row[:-1] / 2**24, likelihoods, rtol=1e-4, atol=3 * 2**-24)


def test_thresholds_are_increasing_integers():
    thresholds = scale_thresholds(FRACTION_BITS)
    assert thresholds.shape == (63,)
    assert torch.equal(thresholds, thresholds.round())
    assert (thresholds.diff() > 0).all()


def test_every_scale_of_the_table_lies_in_its_own_row():
    thresholds = scale_thresholds(FRACTION_BITS)
    on_grid = torch.round(scale_table() * 2**FRACTION_BITS)
    assert torch.bucketize(on_grid, thresholds).tolist() == list(range(64))


def test_thresholds_lie_half_way_in_the_logarithm():
    logs = scale_table().log()
    middle = (logs[1:] + logs[:-1]) / 2
    found = (scale_thresholds(FRACTION_BITS) / 2**FRACTION_BITS).log()
    torch.testing.assert_close(found, middle, rtol=0, atol=2e-3)


def _coded_and_information(coder: RangeCoder, scales: torch.Tensor, *, seed: int) -> tuple[int, float]:
    """Bytes that samples of N(0, scale^2) take, and their information content in bytes."""
    generator = torch.Generator().manual_seed(seed)
    symbols = torch.round(torch.randn(len(scales), dtype=torch.float64, generator=generator) * scales)
    information = -gaussian_likelihood(symbols, scales).log2().sum().item() / 8
    rows = torch.bucketize(torch.round(scales * 2**FRACTION_BITS), scale_thresholds(FRACTION_BITS))
    return len(coder.encode(symbols.to(torch.int32).numpy(), rows.numpy()).data), information


@pytest.mark.parametrize("scale", [0.11, 0.125, 0.21, 0.3, 0.4, 0.7, 1.0, 1.9, 3.3, 8.0, 26.0, 77.0, 241.0])
def test_one_scale_is_coded_within_half_a_percent_and_40_bytes(coder, scale: float):
    coded, information = _coded_and_information(coder, torch.full((30_000,), scale).double(), seed=0)
    assert 0.99 * information - 8 <= coded <= 1.005 * information + 40


def test_many_scales_are_coded_within_a_thousandth(coder):
    generator = torch.Generator().manual_seed(1)
    scales = torch.exp(torch.rand(200_000, dtype=torch.float64, generator=generator) * 7.7 - 2.2)
    coded, information = _coded_and_information(coder, scales, seed=2)
    assert information <= coded <= 1.001 * information + 40


def test_factorized_rows_hold_the_estimates_likelihoods():
    density = _density()
    medians = density.double().medians().flatten()
    tables = factorized_tables(density, medians)
    assert len(tables.lengths) == 6
    for c, (row, offset) in enumerate(zip(_rows(tables), tables.offsets, strict=True)):
        assert int(row.sum(dtype=np.int64)) == 2**24
        assert offset <= 0 <= offset + len(row) - 2  # the median itself is never an escape
        v = torch.arange(len(row) - 1, dtype=torch.float64) + int(offset) + medians[c]
        with torch.no_grad():
            likelihoods = density(v.repeat(6, 1)[None, :, None, :])[0, c, 0].numpy()
        np.testing.assert_allclose(row[:-1] / 2**24, likelihoods, rtol=1e-4, atol=3 * 2**-24)


def test_factorized_symbols_are_coded_within_half_a_percent_and_40_bytes():
    density = _density().double()
    medians = density.medians().flatten()
    coder = RangeCoder(factorized_tables(density, medians))
    generator = torch.Generator().manual_seed(3)
    # Samples of the density itself: uniform numbers through its quantiles.
    levels = torch.rand(400, generator=generator, dtype=torch.float64).clamp(1e-6, 1 - 1e-6)
    samples = torch.stack([density.quantile(p) for p in levels.tolist()], dim=1)
    symbols = torch.round(samples - medians[:, None])
    with torch.no_grad():
        likelihoods = density((symbols + medians[:, None])[None, :, None, :])
    information = -likelihoods.log2().sum().item() / 8
    rows = np.repeat(np.arange(6), 400)
    coded = len(coder.encode(symbols.flatten().to(torch.int32).numpy(), rows).data)
    assert information - 8 <= coded <= 1.005 * information + 40


def test_the_density_is_not_changed():
    density = _density()
    before = copy.deepcopy(density.state_dict())
    factorized_tables(density, density.medians().flatten().double())
    after = density.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert next(density.parameters()).dtype is torch.float32


def test_a_density_that_is_not_finite_is_refused_by_channel():
    density = _density()
    with torch.no_grad():
        density.biases[2][4] = float("nan")
    with pytest.raises(FreezeError, match="channel 4 is not finite"):
        factorized_tables(density, torch.zeros(6).double())


def test_rows_do_not_grow_without_end():
    density = FactorizedDensity(1, init_scale=1e5)
    tables = factorized_tables(density, torch.zeros(1).double())
    assert tables.lengths.max() <= 2 * 4096 + 2
