"""Codes every latent with a Gaussian that depends on the latents before it.

Encoder and decoder take the same steps, because a mean is known, and a latent can be rounded about it, only
when the latents before are. In every step an encoder writes, and a decoder reads, one part of the string.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from litcodec.coding import Encoded
from litcodec.entropy import gaussian_tables
from litcodec.latent_coding.coding_order import by_position
from litcodec.latent_coding.context_walk import ContextNets, ContextWalk
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


class ContextCoder:
    """Scales and means from h_s and from the latents before. A ``ConditionalCoder``.

    Args:
        walk: computes scales and means, position after position.
        scale_tables: one table row for each scale.
    """

    def __init__(self, walk: ContextWalk, scale_tables: ScaleTables) -> None:
        self.walk, self.scale_tables = walk, scale_tables

    @classmethod
    def from_float(cls, nets: ContextNets, *, log_scales: bool = False) -> "ContextCoder":
        """Make a trained context model exact; ``log_scales`` if it predicts logarithms of scales."""
        return cls(ContextWalk.from_float(nets), ScaleTables(gaussian_tables(), log_scales=log_scales))

    @classmethod
    def from_tensors(
        cls, nets: ContextNets, tensors: Mapping[str, Tensor], *, log_scales: bool = False
    ) -> "ContextCoder":
        """Read back what ``decoder_tensors`` and ``encoder_tensors`` gave."""
        scale_tables = scale_tables_from("y", tensors, log_scales=log_scales)
        return cls(ContextWalk.from_tensors(nets, tensors), scale_tables)

    def with_rdoq(self, rdoq_lambda: float) -> "ContextCoder":
        """The same coder, whose encoder rounds by rate and distortion."""
        return ContextCoder(self.walk, self.scale_tables.with_rdoq(rdoq_lambda))

    def decoder_tensors(self) -> dict[str, Tensor]:
        """All tensors that a decoder needs, by name."""
        return {**tables_to("y", self.scale_tables.tables), **self.walk.decoder_tensors()}

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that only ``encode`` depends on."""
        return rdoq_to("y", self.scale_tables)

    def encode(self, y: Tensor, hyper_params: Tensor) -> tuple[Encoded, Tensor]:
        """The string of ``y`` (1, M, h, w), and the ``y_hat``, float32, that the decoder will have."""
        encoder = self.scale_tables.coder.encoder()
        values = by_position(y).cpu()

        def write(positions: Tensor, means: Tensor, indexes: Indexes) -> Tensor:
            symbols = self.scale_tables.symbols(on_grid(values[positions]) - means, indexes)
            encoder.encode(flat(symbols), indexes)
            return clipped(symbols)

        y_hat = self._walk(hyper_params, write)
        return encoder.finish(), y_hat

    def decode(self, string: bytes, hyper_params: Tensor) -> Tensor:
        """The ``y_hat`` (1, M, h, w) of a string; raises ``Corrupt`` if ``encode`` cannot have made it."""
        symbols = self.walk.channels * hyper_params[0, 0].numel()
        self.scale_tables.coder.check_string(string, symbols)  # before memory is taken
        decoder = self.scale_tables.coder.decoder(string)

        def read(positions: Tensor, means: Tensor, indexes: Indexes) -> Tensor:
            return torch.from_numpy(decoder.decode(indexes)).double().reshape(means.shape)

        y_hat = self._walk(hyper_params, read)
        decoder.finish()
        return y_hat

    def bits(self, y: Tensor, hyper_params: Tensor) -> Tensor:
        """The information content of every symbol of ``y`` (1, M, h, w), in bits, shaped like it."""
        values = by_position(y).cpu()
        bits = torch.empty(values.shape)

        def score(positions: Tensor, means: Tensor, indexes: Indexes) -> Tensor:
            symbols = self.scale_tables.symbols(on_grid(values[positions]) - means, indexes)
            bits[positions] = bits_of(self.scale_tables.tables, symbols, indexes)
            return clipped(symbols)

        self._walk(hyper_params, score)
        return bits.T.reshape(y.shape)

    def _walk(self, hyper_params: Tensor, visit: Callable[[Tensor, Tensor, Indexes], Tensor]) -> Tensor:
        """Take all steps.

        Args:
            hyper_params: what h_s predicts, (1, 2M, h, w).
            visit: given a step's positions (n,), the means (n, M) on the grid and the CDF indexes (n * M,) of
                the symbols there, returns the symbols (n, M).

        Returns:
            ``y_hat`` (1, M, h, w), float32.
        """

        def values(positions: Tensor, parameters: Tensor) -> Tensor:
            scales, means = parameters.chunk(2, dim=1)
            return visit(positions, means, self.scale_tables.indexes(scales)) * GRID + means

        return (self.walk(hyper_params, values) / GRID).float()
