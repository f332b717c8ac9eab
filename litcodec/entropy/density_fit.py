"""Learned densities back from the integer tables of a codec file, which holds nothing else of them."""

import copy
import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from litcodec.coding import PRECISION, IntegerTables
from litcodec.entropy.factorized import FactorizedDensity, interval_mass
from litcodec.errors import FreezeError

STEPS, LEARNING_RATE = (
    300,
    0.1,
)  # of Adam; the rate decays to 0. About 1 s for the 96 channels of cosine-3's z
FINENESS = 8  # bins to a unit of the cumulative's logit: symbols that differ by less are fitted together


def log_pmf(tables: IntegerTables, first: int, last: int) -> Tensor:
    """Logarithms of the probabilities of symbols ``first`` to ``last``, (rows, last - first + 1), float64.

    A symbol without an entry gets that of the smallest mass.
    """
    pmf = torch.full((len(tables.lengths), last - first + 1), 2.0**-PRECISION, dtype=torch.float64)
    for row, (offset, found) in zip(pmf, _rows(tables), strict=True):
        symbols = torch.arange(offset, offset + len(found))
        shown = (symbols >= first) & (symbols <= last)
        row[symbols[shown] - first] = found[shown]
    return pmf.log()


def fit_density(density: FactorizedDensity, tables: IntegerTables, medians: Tensor) -> None:
    """Train ``density`` until it gives the probabilities of ``tables``.

    If these were made of such a density, to a hundredth of a bit for a symbol.

    Args:
        density: of C channels.
        tables: C rows.
        medians: (C,), what symbol 0 of each channel stands for.

    Raises:
        FreezeError: if no finite weights give them.
    """
    with torch.inference_mode(False), torch.enable_grad():  # whatever the caller is about
        trained = copy.deepcopy(density).cpu().float().requires_grad_(True)
        edges, masses = _bins(tables)
        _move(trained, edges, masses)
        optimiser = torch.optim.Adam(trained.parameters(), lr=LEARNING_RATE)
        for step in range(STEPS):
            optimiser.param_groups[0]["lr"] = LEARNING_RATE * (0.5 + 0.5 * math.cos(math.pi * step / STEPS))
            logits = trained.logits(edges[:, None])[:, 0]
            nats = -(masses * interval_mass(logits[:, :-1], logits[:, 1:]).log()).sum()
            loss = nats + trained.logits(edges.new_zeros(len(edges), 1, 1)).square().sum()  # of the medians
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.no_grad():  # fitted about 0, since far from it the first stage's slope moves everything
            shift = F.softplus(trained.matrices[0]) * medians.to(edges)[:, None, None]
            trained.biases[0].sub_(shift)
    if not all(bool(parameter.isfinite().all()) for parameter in trained.parameters()):
        raise FreezeError("a density cannot be fitted to the codec's tables. Export the codec again.")
    density.load_state_dict(trained.state_dict())


def _rows(tables: IntegerTables) -> Iterator[tuple[int, Tensor]]:
    """Of each row its first symbol, and the probabilities of its symbols, float64, without the escape."""
    rows = np.split(tables.masses / 2**PRECISION, np.cumsum(tables.lengths)[:-1])
    for offset, row in zip(tables.offsets.tolist(), rows, strict=True):
        yield offset, torch.from_numpy(row[:-1])


def _bins(tables: IntegerTables) -> tuple[Tensor, Tensor]:
    """Edges (C, n + 1) of bins of consecutive symbols, and their masses (C, n); n does not grow with rows."""
    rows = []
    for offset, row in _rows(tables):
        level = torch.floor(FINENESS * torch.logit(row.cumsum(0), eps=2.0**-PRECISION))
        ends = torch.cat([level[1:] > level[:-1], torch.ones(1, dtype=torch.bool)]).nonzero()[:, 0]
        sums = row.cumsum(0)[ends]
        edges = offset - 0.5 + torch.cat([ends.new_zeros(1), ends + 1])
        rows.append((edges, sums.diff(prepend=sums.new_zeros(1))))
    n = max(len(masses) for _, masses in rows)
    edges = torch.stack([torch.cat([e, e[-1] + torch.arange(1, n + 2 - len(e))]) for e, _ in rows])
    return edges.float(), torch.stack([F.pad(masses, (0, n - len(masses))) for _, masses in rows]).float()


@torch.no_grad()
def _move(density: FactorizedDensity, edges: Tensor, masses: Tensor) -> None:
    """Shift and stretch each channel's density to a median of 0 and the middle 68 % of the bins' masses."""
    below = masses.cumsum(dim=1)
    middle = ((below > 0.16) & (below < 0.84)) * edges.diff(dim=1)
    before = density.quantile(0.5)
    ratio = (density.quantile(0.84) - density.quantile(0.16)) / middle.sum(dim=1).clamp(min=0.5)
    scale = F.softplus(density.matrices[0])  # (C, f, 1): the first stage is scale * v + bias
    density.biases[0].add_(scale * before[:, None, None])
    wanted = scale * ratio[:, None, None]
    density.matrices[0].copy_(wanted + torch.log(-torch.expm1(-wanted)))
