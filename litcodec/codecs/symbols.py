"""The grid on which quantised latents lie, and how they become what the range coder takes."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from litcodec.coding import SYMBOL_MAX, IntegerTables, RangeCoder, information
from litcodec.entropy import scale_thresholds
from litcodec.entropy.fixed_point import FRACTION_BITS
from litcodec.errors import FreezeError

GRID = 2.0**FRACTION_BITS

Symbols = np.ndarray[tuple[int], np.dtype[np.int32]]
Rows = np.ndarray[tuple[int], np.dtype[Any]]


class ScaleTables:
    """One table row for each scale of a Gaussian.

    Args:
        tables: as ``gaussian_tables`` makes them.

    Raises:
        FreezeError: if there are not as many rows as scales.
    """

    def __init__(self, tables: IntegerTables) -> None:
        self.tables, self.coder = tables, RangeCoder(tables)
        self._thresholds = scale_thresholds(FRACTION_BITS)
        if len(tables.lengths) != len(self._thresholds) + 1:
            raise FreezeError(f"{len(tables.lengths)} table rows for {len(self._thresholds) + 1} scales.")

    def rows(self, scales: Tensor) -> Rows:
        """The row of each scale, flattened; ``scales`` are float64 integers in units of 2^-12."""
        found = torch.bucketize(scales.contiguous(), self._thresholds, out_int32=True)
        return found.to(torch.uint8).flatten().numpy()


def on_grid(y: Tensor) -> Tensor:
    """A latent in units of 2^-12, float64 on the CPU; not yet rounded."""
    return y.double().cpu() * GRID


def symbols_of(off_mean: Tensor) -> Tensor:
    """The nearest integers to what a latent on the grid lies off its mean, float64.

    Raises:
        FreezeError: if one is not finite.
    """
    if not off_mean.isfinite().all():
        raise FreezeError("the analysis transform gave latents that are not finite; the codec has diverged.")
    return torch.round(off_mean / GRID)


def clipped(symbols: Tensor) -> Tensor:
    """What the decoder will have."""
    return symbols.clamp(-SYMBOL_MAX, SYMBOL_MAX)


def flat(symbols: Tensor) -> Symbols:
    """As the range coder takes them; still unclipped, for it to count."""
    return symbols.clamp(-(2**30), 2**30).to(torch.int32).flatten().numpy()


def bits_of(tables: IntegerTables, symbols: Tensor, rows: Rows) -> Tensor:
    """The information content of each symbol, float32, shaped like ``symbols``."""
    return torch.from_numpy(information(tables, flat(symbols), rows)).reshape(symbols.shape)
