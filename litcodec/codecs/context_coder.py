"""Codes every latent with a Gaussian that depends on the latents before it.

Encoder and decoder take the same steps, because a mean is known, and a latent can be rounded about it, only
when the latents before are. In every step an encoder writes, and a decoder reads, one part of the string.

All sums are exact (see ``entropy.fixed_point``): whether places are taken one by one or many at once, and on
however many threads, no bit changes.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from litcodec.codecs.frozen_tensors import net_from, net_to, tables_from, tables_to
from litcodec.codecs.symbols import GRID, Rows, ScaleTables, bits_of, clipped, flat, on_grid, symbols_of
from litcodec.codecs.wavefront import KnownValues, by_place, wavefront
from litcodec.coding import Encoded
from litcodec.entropy import FixedPointNet, gaussian_tables

Order = Callable[[Tensor], Iterator[Tensor]]


class ContextNets(NamedTuple):
    """What of a context model is the same frozen or not."""

    context: nn.Sequential  # one 1x1 convolution: the values at ``offsets``, one after the other -> 2M
    parameters: nn.Sequential  # 1x1 convolutions: hyper and context -> scales and means
    offsets: list[tuple[int, int]]  # (row, column) of what a place sees


class ContextCoder:
    """Scales and means from h_s and from the latents before. A ``ConditionalCoder``.

    Args:
        context: ``ContextNets.context`` in fixed point.
        parameters: ``ContextNets.parameters`` in fixed point.
        offsets: (row, column) of what a place sees.
        scale_tables: one table row for each scale.
        order: the steps; places of one step must not see one another.
    """

    def __init__(
        self,
        context: FixedPointNet,
        parameters: FixedPointNet,
        offsets: list[tuple[int, int]],
        scale_tables: ScaleTables,
        *,
        order: Order = wavefront,
    ) -> None:
        self.context, self.parameters, self.offsets = context, parameters, offsets
        self.scale_tables, self.order = scale_tables, order

    @classmethod
    def from_float(cls, nets: ContextNets) -> "ContextCoder":
        """Make a trained context model exact."""
        context, parameters = map(FixedPointNet.from_float, (nets.context, nets.parameters))
        return cls(context, parameters, nets.offsets, ScaleTables(gaussian_tables()))

    @classmethod
    def from_tensors(cls, name: str, nets: ContextNets, tensors: Mapping[str, Tensor]) -> "ContextCoder":
        """Read back what ``tensors`` gave."""
        context = net_from("context_prediction", nets.context, tensors)
        parameters = net_from("entropy_parameters", nets.parameters, tensors)
        return cls(context, parameters, nets.offsets, ScaleTables(tables_from(name, tensors)))

    def tensors(self, name: str) -> dict[str, Tensor]:
        """What a codec file has to hold of it."""
        return {
            **tables_to(name, self.scale_tables.tables),
            **net_to("context_prediction", self.context),
            **net_to("entropy_parameters", self.parameters),
        }

    def encode(self, y: Tensor, hyper: Tensor) -> tuple[Encoded, Tensor]:
        """See ``ConditionalCoder``."""
        encoder = self.scale_tables.coder.encoder()
        values = by_place(y).cpu()

        def write(places: Tensor, means: Tensor, rows: Rows) -> Tensor:
            symbols = symbols_of(on_grid(values[places]) - means)
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
            symbols = symbols_of(on_grid(values[places]) - means)
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
        # Integers up to 2^24 are exact in float32. A y_hat beyond is rounded, but to 2^24 or more still, and
        # that is where the network's input is clamped: it sees the same.
        told = by_place(hyper).float()
        _, channels, h, w = hyper.shape
        known = KnownValues((1, channels // 2, h, w), self.offsets)
        for places in self.order(hyper):
            seen = self.context(known.context(places).double())
            out = self.parameters(torch.cat([told[places].double(), seen], dim=1))
            scales, means = out.chunk(2, dim=1)
            symbols = visit(places, means, self.scale_tables.rows(scales))
            known.put(places, (symbols * GRID + means).float())
        return known.all() / GRID
