"""Codes every latent with a Gaussian that depends on the latents before it.

Encoder and decoder take the same steps, because a mean is known, and a latent can be rounded about it, only
when the latents before are. In every step an encoder writes, and a decoder reads, one part of the string.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from litcodec.codecs.context_walk import ContextNets, ContextWalk
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
from litcodec.codecs.wavefront import WAVEFRONT, Order, by_place
from litcodec.coding import Encoded
from litcodec.entropy import gaussian_tables


class ContextCoder:
    """Scales and means from h_s and from the latents before. A ``ConditionalCoder``.

    Args:
        walk: tells scales and means, place after place.
        scale_tables: one table row for each scale.
    """

    def __init__(self, walk: ContextWalk, scale_tables: ScaleTables) -> None:
        self.walk, self.scale_tables = walk, scale_tables

    @classmethod
    def from_float(
        cls, nets: ContextNets, *, order: Order = WAVEFRONT, logarithmic: bool = False
    ) -> "ContextCoder":
        """Make a trained context model exact; ``logarithmic`` if it tells logarithms of scales."""
        scale_tables = ScaleTables(gaussian_tables(), logarithmic=logarithmic)
        return cls(ContextWalk.from_float(nets, order=order), scale_tables)

    @classmethod
    def from_tensors(
        cls,
        name: str,
        nets: ContextNets,
        tensors: Mapping[str, Tensor],
        *,
        order: Order = WAVEFRONT,
        logarithmic: bool = False,
    ) -> "ContextCoder":
        """Read back what ``tensors`` gave."""
        walk = ContextWalk.from_tensors(nets, tensors, order=order)
        return cls(walk, scale_tables_from(name, tensors, logarithmic=logarithmic))

    def thrifty(self, error_bits: float) -> "ContextCoder":
        """See ``ConditionalCoder``."""
        return ContextCoder(self.walk, self.scale_tables.thrifty(error_bits))

    def tensors(self, name: str) -> dict[str, Tensor]:
        """What a codec file has to hold of it."""
        return {**tables_to(name, self.scale_tables.tables), **self.walk.tensors()}

    def encoder_tensors(self, name: str) -> dict[str, Tensor]:
        """See ``ConditionalCoder``."""
        return rounding_to(name, self.scale_tables)

    def encode(self, y: Tensor, hyper: Tensor) -> tuple[Encoded, Tensor]:
        """See ``ConditionalCoder``."""
        encoder = self.scale_tables.coder.encoder()
        values = by_place(y).cpu()

        def write(places: Tensor, means: Tensor, rows: Rows) -> Tensor:
            symbols = self.scale_tables.symbols(on_grid(values[places]) - means, rows)
            encoder.encode(flat(symbols), rows)
            return clipped(symbols)

        y_hat = self._walk(hyper, write)
        return encoder.finish(), y_hat

    def decode(self, string: bytes, hyper: Tensor) -> Tensor:
        """See ``ConditionalCoder``."""
        decoder = self.scale_tables.coder.decoder(string)

        def read(places: Tensor, means: Tensor, rows: Rows) -> Tensor:
            return torch.from_numpy(decoder.decode(rows)).double().reshape(means.shape)

        y_hat = self._walk(hyper, read)
        decoder.finish()
        return y_hat

    def bits(self, y: Tensor, hyper: Tensor) -> Tensor:
        """See ``ConditionalCoder``."""
        values = by_place(y).cpu()
        bits = torch.empty(values.shape)

        def look(places: Tensor, means: Tensor, rows: Rows) -> Tensor:
            symbols = self.scale_tables.symbols(on_grid(values[places]) - means, rows)
            bits[places] = bits_of(self.scale_tables.tables, symbols, rows)
            return clipped(symbols)

        self._walk(hyper, look)
        return bits.T.reshape(y.shape)

    def _walk(self, hyper: Tensor, visit: Callable[[Tensor, Tensor, Rows], Tensor]) -> Tensor:
        """Take all steps.

        Args:
            hyper: what h_s tells, (1, 2M, h, w).
            visit: given a step's places (n,), the means (n, M) on the grid and the table rows (n * M,) of
                the symbols there, tells the symbols (n, M).

        Returns:
            ``y_hat`` (1, M, h, w), float32.
        """

        def values(places: Tensor, parameters: Tensor) -> Tensor:
            scales, means = parameters.chunk(2, dim=1)
            return visit(places, means, self.scale_tables.rows(scales)) * GRID + means

        return (self.walk(hyper, values) / GRID).float()
