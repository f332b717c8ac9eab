"""Codes every latent with a Gaussian of its own, all at once."""

from collections.abc import Mapping

import torch
from torch import Tensor

from litcodec.codecs.frozen_tensors import tables_to
from litcodec.codecs.symbols import (
    GRID,
    Rows,
    ScaleTables,
    bits_of,
    clipped,
    flat,
    on_grid,
    rounding_to,
    scale_tables_from,
)
from litcodec.coding import Encoded
from litcodec.entropy import gaussian_tables


class GaussianCoder:
    """Scales, and means if there are any, as h_s tells them. A ``ConditionalCoder``.

    Args:
        scale_tables: one table row for each scale.
        predicts_means: whether h_s gives scales and means, or scales only.
    """

    def __init__(self, scale_tables: ScaleTables, *, predicts_means: bool) -> None:
        self.scale_tables, self.predicts_means = scale_tables, predicts_means

    @classmethod
    def new(cls, *, predicts_means: bool) -> "GaussianCoder":
        """For a codec that is being frozen."""
        return cls(ScaleTables(gaussian_tables()), predicts_means=predicts_means)

    @classmethod
    def from_tensors(
        cls, name: str, tensors: Mapping[str, Tensor], *, predicts_means: bool
    ) -> "GaussianCoder":
        """Read back what ``tensors`` gave."""
        return cls(scale_tables_from(name, tensors), predicts_means=predicts_means)

    def thrifty(self, error_bits: float) -> "GaussianCoder":
        """See ``ConditionalCoder``."""
        return GaussianCoder(self.scale_tables.thrifty(error_bits), predicts_means=self.predicts_means)

    def tensors(self, name: str) -> dict[str, Tensor]:
        """What a codec file has to hold of it."""
        return tables_to(name, self.scale_tables.tables)

    def encoder_tensors(self, name: str) -> dict[str, Tensor]:
        """See ``ConditionalCoder``."""
        return rounding_to(name, self.scale_tables)

    def encode(self, y: Tensor, hyper: Tensor) -> tuple[Encoded, Tensor]:
        """See ``ConditionalCoder``."""
        means, rows = self._parameters(hyper)
        symbols = self.scale_tables.symbols(on_grid(y) - means, rows)
        encoded = self.scale_tables.coder.encode(flat(symbols), rows)
        return encoded, ((clipped(symbols) * GRID + means) / GRID).float()

    def decode(self, string: bytes, hyper: Tensor) -> Tensor:
        """See ``ConditionalCoder``."""
        means, rows = self._parameters(hyper)
        _, _, h, w = hyper.shape
        decoded = self.scale_tables.coder.decode(string, rows)
        symbols = torch.from_numpy(decoded).double().reshape(1, -1, h, w)
        return ((symbols * GRID + means) / GRID).float()

    def bits(self, y: Tensor, hyper: Tensor) -> Tensor:
        """See ``ConditionalCoder``."""
        means, rows = self._parameters(hyper)
        return bits_of(self.scale_tables.tables, self.scale_tables.symbols(on_grid(y) - means, rows), rows)

    def _parameters(self, hyper: Tensor) -> tuple[Tensor, Rows]:
        """Means on the grid, (1, M, h, w) or a scalar zero, and every element's table row."""
        scales, means = hyper.chunk(2, dim=1) if self.predicts_means else (hyper, hyper.new_zeros(()))
        return means, self.scale_tables.rows(scales)
