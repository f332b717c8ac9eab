"""From densities to the integer tables of a frozen codec.

The tables are computed once, in float64, and kept in the codec file: a decoder reads integers, it never
recomputes them.
"""

import copy
import math

import numpy as np
import torch
from torch import Tensor

from litcodec.coding import IntegerTables, build_tables
from litcodec.entropy.factorized import FactorizedDensity
from litcodec.entropy.gaussian import scale_table
from litcodec.errors import FreezeError

# Share of a row's mass that lies outside of it. Latents have heavier tails than the models, so the escape
# gets at least 2^-15: it costs every other symbol 4e-5 bits, and an outlier 15 bits instead of 24.
TAIL_MASS = math.ldexp(1.0, -20)
ESCAPE_MASS = math.ldexp(1.0, -15)
HALF_WIDTH_MAX = 4096


def gaussian_tables() -> IntegerTables:
    """One row for each scale of ``scale_table``, symbols centred on 0."""
    scales = scale_table()
    half_widths = torch.ceil(scales * -torch.special.ndtri(torch.tensor(TAIL_MASS / 2, dtype=torch.float64)))
    pmfs, offsets = [], []
    for scale, half_width in zip(scales, half_widths.int().tolist(), strict=True):
        v = torch.arange(-half_width, half_width + 1, dtype=torch.float64).abs()
        pmf = torch.special.ndtr((0.5 - v) / scale) - torch.special.ndtr((-0.5 - v) / scale)
        pmfs.append(pmf.numpy())
        offsets.append(-half_width)
    return _build(pmfs, offsets)


def factorized_tables(density: FactorizedDensity, medians: Tensor) -> IntegerTables:
    """One row per channel; symbol k stands for the value ``medians[channel] + k``.

    Args:
        density: the learned density of C channels.
        medians: (C,), float64, exactly the values a frozen codec rounds about.

    Raises:
        FreezeError: if a channel's density is not finite.
    """
    exact = copy.deepcopy(density).cpu().double()
    low = torch.floor(exact.quantile(TAIL_MASS / 2) - medians).clamp(-HALF_WIDTH_MAX, 0).int().tolist()
    high = torch.ceil(exact.quantile(1 - TAIL_MASS / 2) - medians).clamp(0, HALF_WIDTH_MAX).int().tolist()
    first, last = min(low), max(high)
    with torch.no_grad():
        v = torch.arange(first, last + 1, dtype=torch.float64) + medians[:, None]
        masses = exact(v[None, :, None, :])[0, :, 0, :]
    if not masses.isfinite().all():
        channel = int((~masses.isfinite()).any(dim=1).nonzero()[0])
        raise FreezeError(
            f"the density of channel {channel} is not finite; the codec's weights have diverged."
        )
    pmfs = [masses[c, low[c] - first : high[c] - first + 1].numpy() for c in range(density.channels)]
    return _build(pmfs, low)


def categorical_tables(pmf: Tensor, offset: int) -> IntegerTables:
    """One row per channel; symbols ``offset``, ``offset + 1`` ... have the probabilities of its row.

    Args:
        pmf: (C, L), float64, rows that sum to 1.
        offset: the first symbol.
    """
    return _build(list(pmf.numpy()), [offset] * len(pmf))


def _build(pmfs: list["np.ndarray[tuple[int], np.dtype[np.float64]]"], offsets: list[int]) -> IntegerTables:
    tails = [max(1 - float(pmf.sum()), ESCAPE_MASS) for pmf in pmfs]
    return build_tables(pmfs, tails, offsets)


def scale_thresholds(fraction_bits: int, *, logarithmic: bool = False) -> Tensor:
    """Borders between rows of ``scale_table``, (63,), as integers on the grid ``2^-fraction_bits``.

    A scale s belongs to row ``(thresholds < s).sum()``: half-way in the logarithm, where the extra bits
    balance. ``logarithmic`` gives the borders between natural logarithms of scales instead.
    """
    scales = scale_table()
    borders = torch.sqrt(scales[:-1] * scales[1:])
    return torch.round((borders.log() if logarithmic else borders) * 2**fraction_bits)
