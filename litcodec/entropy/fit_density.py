"""Learned densities back from the integer tables of a codec file, which holds nothing else of them."""

import copy
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from litcodec.coding import PRECISION, IntegerTables
from litcodec.entropy.factorized import FactorizedDensity
from litcodec.entropy.tables import HALF_WIDTH_MAX

STEPS, LEARNING_RATE = 300, 0.1  # of Adam; the rate decays to 0. 1.0 s for the 96 channels of cosine-3's z


def pmf_of(tables: IntegerTables, first: int, last: int) -> Tensor:
    """(rows, last - first + 1), float64: probabilities of the symbols ``first`` to ``last`` in each row."""
    pmf = np.zeros((len(tables.lengths), last - first + 1))
    start = 0
    for row, length, offset in zip(pmf, tables.lengths.tolist(), tables.offsets.tolist(), strict=True):
        symbols = np.arange(offset, offset + length - 1)
        shown = (symbols >= first) & (symbols <= last)
        row[symbols[shown] - first] = tables.masses[start : start + length - 1][shown]
        start += length
    return torch.from_numpy(pmf / 2**PRECISION)


def log_pmf(tables: IntegerTables, first: int, last: int) -> Tensor:
    """The logarithms of ``pmf_of``, of which none is below that of the smallest mass."""
    return pmf_of(tables, first, last).clamp(min=2.0**-PRECISION).log()


@torch.enable_grad()
def fit_density(density: FactorizedDensity, tables: IntegerTables, medians: Tensor) -> None:
    """Train ``density`` until it gives the probabilities of ``tables``, to a hundredth of a bit for a symbol.

    Args:
        density: of C channels.
        tables: C rows.
        medians: (C,), what symbol 0 of each channel stands for.
    """
    first = max(int(tables.offsets.min()), -HALF_WIDTH_MAX)
    last = min(int((tables.offsets + tables.lengths - 2).max()), HALF_WIDTH_MAX)
    trained = copy.deepcopy(density).requires_grad_(True)  # whatever the caller keeps fixed
    like = trained.biases[0]
    pmf, medians = pmf_of(tables, first, last).to(like), medians.to(like)[:, None, None]
    v = (medians + torch.arange(first, last + 1).to(like)).transpose(0, 1)[..., None]  # (1, C, n, 1)
    _move(trained, medians[:, 0, 0], _width(pmf))
    optimiser = torch.optim.Adam(trained.parameters(), lr=LEARNING_RATE)
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = LEARNING_RATE * (0.5 + 0.5 * math.cos(math.pi * step / STEPS))
        nats = -(pmf * trained(v)[0, ..., 0].log()).sum()
        loss = nats + trained.logits(medians).square().sum()  # a median's logit is 0
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    density.load_state_dict(trained.state_dict())


@torch.no_grad()
def _move(density: FactorizedDensity, medians: Tensor, widths: Tensor) -> None:
    """Shift and stretch each channel's density, so that it has these medians and middle 68 %."""
    before = density.quantile(0.5)
    ratio = (density.quantile(0.84) - density.quantile(0.16)) / widths
    scale = F.softplus(density.matrices[0])  # (C, f, 1): the first stage is scale * v + bias
    density.biases[0].add_(scale * (before - ratio * medians)[:, None, None])
    density.matrices[0].copy_((scale * ratio[:, None, None]).expm1().log())


def _width(pmf: Tensor) -> Tensor:
    """How wide the middle 68 % of each row (C, n) are, at least half a symbol."""
    below = pmf.cumsum(dim=1)
    return ((below > 0.16) & (below < 0.84)).sum(dim=1).clamp(min=0.5).to(pmf)
