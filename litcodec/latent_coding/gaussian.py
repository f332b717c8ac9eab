"""Codes all latents at once, each with its own Gaussian."""

from collections.abc import Mapping

import torch
from torch import Tensor

from litcodec.coding import Encoded
from litcodec.entropy import gaussian_tables
from litcodec.latent_coding.symbols import (
    GRID,
    Indexes,
    ScaleTables,
    bits_of,
    clipped,
    flat,
    on_grid,
    rdoq_to,
    scale_tables_from,
)
from litcodec.latent_coding.tensors import tables_to


class GaussianCoder:
    """Scales, and means if there are any, as h_s predicts them. A ``ConditionalCoder``.

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
    def from_tensors(cls, tensors: Mapping[str, Tensor], *, predicts_means: bool) -> "GaussianCoder":
        """Read back what ``decoder_tensors`` and ``encoder_tensors`` gave."""
        return cls(scale_tables_from("y", tensors), predicts_means=predicts_means)

    def with_rdoq(self, rdoq_lambda: float) -> "GaussianCoder":
        """The same coder, whose encoder rounds by rate and distortion."""
        return GaussianCoder(self.scale_tables.with_rdoq(rdoq_lambda), predicts_means=self.predicts_means)

    def decoder_tensors(self) -> dict[str, Tensor]:
        """All tensors that a decoder needs, by name."""
        return tables_to("y", self.scale_tables.tables)

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that only ``encode`` depends on."""
        return rdoq_to("y", self.scale_tables)

    def encode(self, y: Tensor, hyper_params: Tensor) -> tuple[Encoded, Tensor]:
        """The string of ``y`` (1, M, h, w), and the ``y_hat``, float32, that the decoder will have."""
        means, indexes = self._parameters(hyper_params)
        symbols = self.scale_tables.symbols(on_grid(y) - means, indexes)
        encoded = self.scale_tables.coder.encode(flat(symbols), indexes)
        return encoded, ((clipped(symbols) * GRID + means) / GRID).float()

    def decode(self, string: bytes, hyper_params: Tensor) -> Tensor:
        """The ``y_hat`` (1, M, h, w) of a string; raises ``Corrupt`` if ``encode`` cannot have made it."""
        channels, h, w = hyper_params.shape[1:]
        symbols = channels // (1 + self.predicts_means) * h * w
        self.scale_tables.coder.check_string(string, symbols)  # before memory is taken
        means, indexes = self._parameters(hyper_params)
        decoded = self.scale_tables.coder.decode(string, indexes)
        found = torch.from_numpy(decoded).double().reshape(1, -1, h, w)
        return ((found * GRID + means) / GRID).float()

    def bits(self, y: Tensor, hyper_params: Tensor) -> Tensor:
        """The information content of every symbol of ``y`` (1, M, h, w), in bits, shaped like it."""
        means, indexes = self._parameters(hyper_params)
        symbols = self.scale_tables.symbols(on_grid(y) - means, indexes)
        return bits_of(self.scale_tables.tables, symbols, indexes)

    def _parameters(self, hyper_params: Tensor) -> tuple[Tensor, Indexes]:
        """Means on the grid, (1, M, h, w) or a scalar zero, and every element's CDF index."""
        scales, means = hyper_params.double(), torch.zeros((), dtype=torch.float64)
        if self.predicts_means:
            scales, means = scales.chunk(2, dim=1)
        return means, self.scale_tables.indexes(scales)
