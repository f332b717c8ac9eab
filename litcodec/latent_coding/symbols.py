"""Quantised latents on a grid of 2^-12, and the symbols that the range coder takes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from litcodec.coding import SYMBOL_MAX, IntegerTables, RangeCoder, information
from litcodec.entropy import scale_thresholds
from litcodec.entropy.fixed_point import FRACTION_BITS
from litcodec.errors import FreezeError
from litcodec.latent_coding.rdoq import RDOQ
from litcodec.latent_coding.tensors import tables_from

GRID = float(2**FRACTION_BITS)

Symbols = np.ndarray[tuple[int], np.dtype[np.int32]]
Indexes = np.ndarray[tuple[int], np.dtype[Any]]


class ScaleTables:
    """One table row for each scale of a Gaussian.

    Args:
        tables: as ``gaussian_tables`` makes them.
        log_scales: whether CDF indexes are found from the natural logarithms of scales.
        rdoq_lambda: how many bits a squared error of 1 is worth to an encoder; None to round to the nearest.

    Raises:
        FreezeError: if there are not as many rows as scales, or ``rdoq_lambda`` is not above 0.
    """

    def __init__(
        self, tables: IntegerTables, *, log_scales: bool = False, rdoq_lambda: float | None = None
    ) -> None:
        self.tables, self.coder, self.log_scales = tables, RangeCoder(tables), log_scales
        self._thresholds = scale_thresholds(FRACTION_BITS, logarithmic=log_scales)
        if len(tables.lengths) != len(self._thresholds) + 1:
            raise FreezeError(f"{len(tables.lengths)} table rows for {len(self._thresholds) + 1} scales.")
        self.rdoq = None if rdoq_lambda is None else RDOQ(tables, rdoq_lambda)

    def with_rdoq(self, rdoq_lambda: float) -> "ScaleTables":
        """The same with another ``rdoq_lambda``."""
        return ScaleTables(self.tables, log_scales=self.log_scales, rdoq_lambda=rdoq_lambda)

    def indexes(self, scales: Tensor) -> Indexes:
        """The CDF index of each scale, or of its logarithm, flattened; float64 integers in units of 2^-12."""
        found = torch.bucketize(scales.contiguous(), self._thresholds, out_int32=True)
        return found.to(torch.uint8).flatten().numpy()

    def symbols(self, residual: Tensor, indexes: Indexes) -> Tensor:
        """The symbol of each fixed-point residual y - mean, float64."""
        if self.rdoq is None:
            return symbols_of(residual)
        _check_finite(residual)
        return self.rdoq(residual / GRID, indexes)


def scale_tables_from(name: str, tensors: Mapping[str, Tensor], *, log_scales: bool = False) -> ScaleTables:
    """Read back tables of a codec file, and ``rdoq_to``.

    Raises:
        FreezeError: if they are missing or do not fit.
        CodecFileError: if the tables are unusable.
    """
    found = tensors.get(f"{name}.error_bits")
    if found is not None and (found.numel() != 1 or found.dtype != torch.float64):
        raise FreezeError(f"{name}.error_bits must be one float64; got {found.dtype} {tuple(found.shape)}.")
    rdoq_lambda = None if found is None else float(found)
    return ScaleTables(tables_from(name, tensors), log_scales=log_scales, rdoq_lambda=rdoq_lambda)


def rdoq_to(name: str, scale_tables: ScaleTables) -> dict[str, Tensor]:
    """How an encoder rounds, as a tensor, if not to the nearest."""
    rdoq = scale_tables.rdoq
    # The tensor is called as in the first codec files that had it.
    return {} if rdoq is None else {f"{name}.error_bits": torch.tensor(rdoq.rdoq_lambda, dtype=torch.float64)}


def on_grid(y: Tensor) -> Tensor:
    """A latent in units of 2^-12, float64 on the CPU; not yet rounded."""
    return y.cpu().to(torch.float64, copy=True).mul_(GRID)


def symbols_of(residual: Tensor) -> Tensor:
    """The nearest integers to a residual on the grid, float64.

    Raises:
        FreezeError: if one is not finite.
    """
    _check_finite(residual)
    return (residual / GRID).round_()


def _check_finite(residual: Tensor) -> None:
    if not residual.isfinite().all():
        raise FreezeError("the analysis transform gave latents that are not finite; the codec has diverged.")


def clipped(symbols: Tensor) -> Tensor:
    """What the decoder will have."""
    return symbols.clamp(-SYMBOL_MAX, SYMBOL_MAX)


def flat(symbols: Tensor) -> Symbols:
    """As the range coder takes them; still unclipped, for it to count."""
    return symbols.clamp(-(2**30), 2**30).to(torch.int32).flatten().numpy()


def bits_of(tables: IntegerTables, symbols: Tensor, indexes: Indexes) -> Tensor:
    """The information content of each symbol, float32, shaped like ``symbols``."""
    return torch.from_numpy(information(tables, flat(symbols), indexes)).reshape(symbols.shape)
