"""Densities that are fitted to integer tables give the probabilities of these."""

import numpy as np
import pytest
import torch

from litcodec.coding import IntegerTables
from litcodec.entropy import CategoricalDensity, FactorizedDensity, categorical_tables, fit_density, log_pmf
from litcodec.entropy.fit_density import pmf_of
from litcodec.entropy.tables import factorized_tables


def _trained(channels: int) -> FactorizedDensity:
    """Densities of every width from 0.3 to 30, about medians up to 40."""
    torch.manual_seed(0)
    density = FactorizedDensity(channels)
    with torch.no_grad():
        for factor in density.factors:
            factor.normal_(0, 0.5)
        density.matrices[0].add_(torch.linspace(-2, 3, channels)[:, None, None])
        density.biases[-1].add_(torch.linspace(-4, 4, channels)[:, None, None])
    return density


def test_a_density_is_fitted_to_a_hundredth_of_a_bit_for_a_symbol() -> None:
    density = _trained(12)
    medians = density.double().medians().flatten()
    tables = factorized_tables(density, medians)
    torch.manual_seed(1)
    fitted = FactorizedDensity(12).requires_grad_(False)
    with torch.no_grad():
        fit_density(fitted, tables, medians)
    first, last = int(tables.offsets.min()), int((tables.offsets + tables.lengths - 2).max())
    pmf = pmf_of(tables, first, last)
    v = medians[:, None] + torch.arange(first, last + 1)
    found = fitted(v[None, :, :, None].float())[0, ..., 0].double()
    extra = (torch.xlogy(pmf, pmf) - pmf * found.log()).sum(dim=1) / np.log(2)
    assert float(extra.max()) < 0.01
    assert float((fitted.medians().flatten() - medians).abs().max()) < 0.1
    assert not any(parameter.requires_grad for parameter in fitted.parameters())


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
def test_symbols_without_an_entry_have_no_probability(first: int, last: int) -> None:
    masses = np.array([2**23, 2**22, 2**22, 2**24 - 1, 1], dtype=np.int32)
    tables = IntegerTables(masses, np.array([3, 2], dtype=np.int32), np.array([-1, 4], dtype=np.int32))
    expected = torch.zeros(2, 20, dtype=torch.float64)
    expected[0, 9], expected[0, 10], expected[1, 14] = 0.5, 0.25, 1 - 2.0**-24
    assert torch.equal(pmf_of(tables, first, last), expected[:, first + 10 : last + 11])
