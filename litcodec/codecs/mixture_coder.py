"""Codes every latent with a Gaussian mixture that depends on the latents before it.

Latents are rounded to integers, whatever the mixtures are: an encoder knows all of them beforehand. So it
asks the networks about many steps at once, and then writes the parts that a decoder reads step by step.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from litcodec.codecs.context_walk import ContextNets, ContextWalk
from litcodec.codecs.frozen_tensors import take
from litcodec.codecs.symbols import GRID, Rows, clipped, flat, on_grid, symbols_of
from litcodec.codecs.wavefront import KnownValues, by_place
from litcodec.coding import Encoded, MixtureBlockCoder, MixtureTables, StringDecoder, StringEncoder
from litcodec.entropy import mixture_tables
from litcodec.errors import FreezeError

AT_ONCE = 1024  # places; bounds memory, changes no byte


class MixtureCoder:
    """Mixtures from h_s and from the latents before. A ``ConditionalCoder``.

    Args:
        walk: tells logits, means and scales, place after place. All that a place sees comes before it.
        tables: what probabilities are looked up in.
    """

    def __init__(self, walk: ContextWalk, tables: MixtureTables) -> None:
        self.walk, self.tables, self._blocks = walk, tables, MixtureBlockCoder(tables)

    @classmethod
    def from_float(cls, nets: ContextNets) -> "MixtureCoder":
        """Make a trained context model exact."""
        return cls(ContextWalk.from_float(nets), mixture_tables())

    @classmethod
    def from_tensors(cls, name: str, nets: ContextNets, tensors: Mapping[str, Tensor]) -> "MixtureCoder":
        """Read back what ``tensors`` gave."""
        fields = (take(tensors, f"{name}.mixtures.{field}").numpy() for field in MixtureTables._fields)
        return cls(ContextWalk.from_tensors(nets, tensors), MixtureTables(*fields))

    def tensors(self, name: str) -> dict[str, Tensor]:
        """What a codec file has to hold of it."""
        fields = self.tables._asdict().items()
        tables = {f"{name}.mixtures.{field}": torch.from_numpy(values) for field, values in fields}
        return {**tables, **self.walk.tensors()}

    def thrifty(self, error_bits: float) -> "MixtureCoder":
        """See ``ConditionalCoder``."""
        raise FreezeError("a mixture has no table rows to weigh bits with; only Gaussians have.")

    def encoder_tensors(self, name: str) -> dict[str, Tensor]:
        """See ``ConditionalCoder``: nothing."""
        return {}

    def encode(self, y: Tensor, hyper: Tensor) -> tuple[Encoded, Tensor]:
        """See ``ConditionalCoder``."""
        encoder = StringEncoder(self._blocks)
        symbols = symbols_of(on_grid(y))
        values = by_place(symbols)
        for places, parameters in self._all_steps(clipped(symbols), hyper):
            encoder.encode(flat(values[places]), _rows(parameters, values.shape[1]))
        return encoder.finish(), clipped(symbols).float()

    def decode(self, string: bytes, hyper: Tensor) -> Tensor:
        """See ``ConditionalCoder``."""
        decoder = StringDecoder(self._blocks, string)
        channels = self.walk.context.channels // len(self.walk.offsets)

        def read(places: Tensor, parameters: Tensor) -> Tensor:
            found = decoder.decode(_rows(parameters, channels))
            return torch.from_numpy(found).double().reshape(-1, channels) * GRID

        y_hat = self.walk(hyper, read) / GRID
        decoder.finish()
        return y_hat.float()

    def bits(self, y: Tensor, hyper: Tensor) -> Tensor:
        """See ``ConditionalCoder``."""
        symbols = symbols_of(on_grid(y))
        values = by_place(symbols)
        bits = torch.empty(values.shape)
        for places, parameters in self._all_steps(clipped(symbols), hyper):
            found = self._blocks.information(flat(values[places]), _rows(parameters, values.shape[1]))
            bits[places] = torch.from_numpy(found).reshape(places.numel(), -1)
        return bits.T.reshape(y.shape)

    def _all_steps(self, symbols: Tensor, hyper: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """What ``walk`` would ask about, given all symbols (1, M, h, w) beforehand.

        Yields:
            A step's places (n,) and the parameters there (n, C).
        """
        told = hyper[0].flatten(1)
        # Integers of 16 bits, shifted: exact in float32.
        known = KnownValues(symbols.shape, self.walk.offsets)
        known.put(torch.arange(told.shape[1]), by_place((symbols * GRID).float()))
        for steps in _together(self.walk.order.steps(hyper)):
            places = torch.cat(steps)
            seen = self.walk.context(known.context(places).double())
            parameters = self.walk.parameters(torch.cat([told[:, places].T, seen], dim=1))
            yield from zip(steps, torch.split(parameters, [step.numel() for step in steps]), strict=True)


def _together(steps: Iterator[Tensor]) -> Iterator[list[Tensor]]:
    """Steps in groups of about ``AT_ONCE`` places."""
    group: list[Tensor] = []
    for step in steps:
        if group and sum(other.numel() for other in group) + step.numel() > AT_ONCE:
            yield group
            group = []
        group.append(step)
    if group:
        yield group


def _rows(parameters: Tensor, channels: int) -> Rows:
    """(n, 3 * K * M) -> (n * M, 3 * K), as the block coder takes them."""
    of_channels = parameters.reshape(len(parameters), -1, channels)
    return of_channels.permute(1, 0, 2).flatten(1).to(torch.int32).numpy().T
