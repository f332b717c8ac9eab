"""Densities that are fitted to integer tables give the probabilities of these."""

import numpy as np
import pytest
import torch
from torch import Tensor

from litcodec.coding import IntegerTables, build_tables
from litcodec.entropy import CategoricalDensity, FactorizedDensity, categorical_tables, fit_density, log_pmf
from litcodec.entropy.tables import factorized_tables
from litcodec.errors import FreezeError


def _trained(channels: int) -> FactorizedDensity:
    """Densities of every width, from one symbol to 300."""
    torch.manual_seed(0)
    density = FactorizedDensity(channels)
    with torch.no_grad():
        for factor in density.factors:
            factor.normal_(0, 0.5)
        density.matrices[0].add_(torch.linspace(-2, 3, channels)[:, None, None])
    return density


def _extra_bits(density: FactorizedDensity, tables: IntegerTables, medians: Tensor) -> Tensor:
    """For a symbol of each channel, beyond its entropy under the tables."""
    first, last = int(tables.offsets.min()), int((tables.offsets + tables.lengths - 2).max())
    log = log_pmf(tables, first, last)
    v = medians[:, None].double() + torch.arange(first, last + 1)
    with torch.no_grad():
        found = density.double()(v[None, :, :, None])[0, ..., 0].log()
    return ((log - found) * log.exp()).sum(dim=1) / np.log(2)


@pytest.mark.parametrize("middle", [0.0, -40.0, 3000.0])
def test_a_density_is_fitted_to_a_hundredth_of_a_bit_for_a_symbol(middle: float) -> None:
    density = _trained(12).double()
    own = density.medians().flatten()
    tables = factorized_tables(density, own)
    medians = own + middle  # symbols are counted from there
    fitted = FactorizedDensity(12).requires_grad_(False)
    with torch.inference_mode():
        fit_density(fitted, tables, medians)
    assert float(_extra_bits(fitted, tables, medians).max()) < 0.01
    at_medians = torch.sigmoid(fitted.double().logits(medians[:, None, None]))
    assert float((at_medians - 0.5).abs().max()) < 0.005
    assert not any(parameter.requires_grad for parameter in fitted.parameters())


def test_a_fit_depends_on_nothing_but_the_tables_and_draws_nothing() -> None:
    density = _trained(3).double()
    tables = factorized_tables(density, density.medians().flatten())
    before = torch.get_rng_state()
    found = []
    for _ in range(2):
        fitted = _trained(3)
        torch.set_rng_state(before)
        fit_density(fitted, tables, density.medians().flatten())
        found.append(torch.cat([parameter.flatten() for parameter in fitted.parameters()]))
    assert torch.equal(*found)
    assert torch.equal(torch.get_rng_state(), before)


def test_rows_of_very_different_width_are_fitted_together() -> None:
    """One symbol, and one with 8,193 of them: bins, not symbols, are what is fitted."""
    wide = np.exp(-np.abs(np.arange(-4096, 4097)) / 300)
    tables = build_tables([np.array([1.0]), wide / wide.sum()], [1e-4, 1e-4], [0, -4096])
    fitted = FactorizedDensity(2)
    fit_density(fitted, tables, torch.zeros(2))
    assert float(_extra_bits(fitted, tables, torch.zeros(2)).max()) < 0.02


@pytest.mark.parametrize("offset", [5000, -30000])
def test_tables_far_from_their_medians_are_no_traceback(offset: int) -> None:
    tables = build_tables([np.full(8, 0.125)], [1e-4], [offset])
    fitted = FactorizedDensity(1)
    try:
        fit_density(fitted, tables, torch.zeros(1))
    except FreezeError:
        return
    assert all(bool(parameter.isfinite().all()) for parameter in fitted.parameters())


def test_probabilities_of_whole_numbers_come_back_exactly() -> None:
    torch.manual_seed(0)
    logits = torch.randn(3, 5) * 3
    tables = categorical_tables(torch.softmax(logits.double(), dim=1), -2)
    density = CategoricalDensity(3, 2)
    with torch.no_grad():
        density.logits.copy_(log_pmf(tables, -2, 2))
    again = categorical_tables(density.double().pmf().detach(), -2)
    assert np.abs(again.masses - tables.masses).max() <= 2  # of 2^24


@pytest.mark.parametrize(("first", "last"), [(-3, 3), (0, 1), (5, 6)])
def test_symbols_without_an_entry_have_the_smallest_probability(first: int, last: int) -> None:
    masses = np.array([2**23, 2**22, 2**22, 2**24 - 1, 1], dtype=np.int32)
    tables = IntegerTables(masses, np.array([3, 2], dtype=np.int32), np.array([-1, 4], dtype=np.int32))
    expected = torch.full((2, 20), 2.0**-24, dtype=torch.float64)
    expected[0, 9], expected[0, 10], expected[1, 14] = 0.5, 0.25, 1 - 2.0**-24
    assert torch.equal(log_pmf(tables, first, last), expected[:, first + 10 : last + 11].log())
