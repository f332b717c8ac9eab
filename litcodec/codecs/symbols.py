"""The grid on which quantised latents lie, and how they become what the range coder takes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from litcodec.codecs.frozen_tensors import tables_from
from litcodec.codecs.thrifty_rounding import ThriftyRounding
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
        logarithmic: whether rows are asked for by the natural logarithms of scales.
        error_bits: how many bits a squared error of 1 is worth to an encoder; None to round to the nearest.

    Raises:
        FreezeError: if there are not as many rows as scales, or ``error_bits`` is not above 0.
    """

    def __init__(
        self, tables: IntegerTables, *, logarithmic: bool = False, error_bits: float | None = None
    ) -> None:
        self.tables, self.coder, self.logarithmic = tables, RangeCoder(tables), logarithmic
        self._thresholds = scale_thresholds(FRACTION_BITS, logarithmic=logarithmic)
        if len(tables.lengths) != len(self._thresholds) + 1:
            raise FreezeError(f"{len(tables.lengths)} table rows for {len(self._thresholds) + 1} scales.")
        self.rounding = None if error_bits is None else ThriftyRounding(tables, error_bits)

    def thrifty(self, error_bits: float) -> "ScaleTables":
        """The same with another ``error_bits``."""
        return ScaleTables(self.tables, logarithmic=self.logarithmic, error_bits=error_bits)

    def rows(self, scales: Tensor) -> Rows:
        """The row of each scale, or of its logarithm, flattened; float64 integers in units of 2^-12."""
        found = torch.bucketize(scales.contiguous(), self._thresholds, out_int32=True)
        return found.to(torch.uint8).flatten().numpy()

    def symbols(self, off_mean: Tensor, rows: Rows) -> Tensor:
        """What an encoder codes of a latent that lies so far off its mean on the grid, float64."""
        nearest = symbols_of(off_mean)
        return nearest if self.rounding is None else self.rounding(off_mean / GRID, rows)


def scale_tables_from(name: str, tensors: Mapping[str, Tensor], *, logarithmic: bool = False) -> ScaleTables:
    """Read back tables of a codec file, and ``rounding_to``.

    Raises:
        FreezeError: if they are missing or do not fit.
        CodecFileError: if the tables are unusable.
    """
    found = tensors.get(f"{name}.error_bits")
    if found is not None and (found.numel() != 1 or found.dtype != torch.float64):
        raise FreezeError(f"{name}.error_bits must be one float64; got {found.dtype} {tuple(found.shape)}.")
    error_bits = None if found is None else float(found)
    return ScaleTables(tables_from(name, tensors), logarithmic=logarithmic, error_bits=error_bits)


def rounding_to(name: str, scale_tables: ScaleTables) -> dict[str, Tensor]:
    """How an encoder rounds, as a tensor, if not to the nearest."""
    rounding = scale_tables.rounding
    return (
        {}
        if rounding is None
        else {f"{name}.error_bits": torch.tensor(rounding.error_bits, dtype=torch.float64)}
    )


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
