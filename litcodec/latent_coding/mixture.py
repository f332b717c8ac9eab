"""Codes every latent with a Gaussian mixture that depends on the latents before it.

Latents are rounded to integers, whatever the mixtures are: an encoder knows all of them beforehand. So it
asks the networks about many steps at once, and then writes the parts that a decoder reads step by step.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from litcodec.coding import Encoded, MixtureBlockCoder, MixtureTables, StringDecoder, StringEncoder
from litcodec.entropy import mixture_tables
from litcodec.errors import FreezeError
from litcodec.latent_coding.coding_order import KnownValues, by_position
from litcodec.latent_coding.context_walk import ContextNets, ContextWalk
from litcodec.latent_coding.symbols import GRID, Indexes, clipped, flat, on_grid, symbols_of
from litcodec.latent_coding.tensors import take

AT_ONCE = 1024  # positions; bounds memory, changes no byte


class MixtureCoder:
    """Mixtures from h_s and from the latents before. A ``ConditionalCoder``.

    Args:
        walk: computes logits, means and scales, position after position; all that one sees comes before it.
        tables: what probabilities are looked up in.
    """

    def __init__(self, walk: ContextWalk, tables: MixtureTables) -> None:
        self.walk, self.tables, self._blocks = walk, tables, MixtureBlockCoder(tables)

    @classmethod
    def from_float(cls, nets: ContextNets) -> "MixtureCoder":
        """Make a trained context model exact."""
        return cls(ContextWalk.from_float(nets), mixture_tables())

    @classmethod
    def from_tensors(cls, nets: ContextNets, tensors: Mapping[str, Tensor]) -> "MixtureCoder":
        """Read back what ``decoder_tensors`` gave."""
        fields = (take(tensors, f"y.mixtures.{field}").numpy() for field in MixtureTables._fields)
        return cls(ContextWalk.from_tensors(nets, tensors), MixtureTables(*fields))

    def decoder_tensors(self) -> dict[str, Tensor]:
        """All tensors that a decoder needs, by name."""
        fields = self.tables._asdict().items()
        tables = {f"y.mixtures.{field}": torch.from_numpy(values) for field, values in fields}
        return {**tables, **self.walk.decoder_tensors()}

    def with_rdoq(self, rdoq_lambda: float) -> "MixtureCoder":
        """Raises ``FreezeError``: RDOQ needs a Gaussian for every latent."""
        raise FreezeError("RDOQ needs a Gaussian for every latent; this codec has mixtures.")

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that only ``encode`` depends on: nothing."""
        return {}

    def encode(self, y: Tensor, hyper_params: Tensor) -> tuple[Encoded, Tensor]:
        """The string of ``y`` (1, M, h, w), and the ``y_hat``, float32, that the decoder will have."""
        encoder = StringEncoder(self._blocks)
        symbols = symbols_of(on_grid(y))
        values = by_position(symbols)
        for positions, parameters in self._all_steps(clipped(symbols), hyper_params):
            encoder.encode(flat(values[positions]), _indexes(parameters, values.shape[1]))
        return encoder.finish(), clipped(symbols).float()

    def decode(self, string: bytes, hyper_params: Tensor) -> Tensor:
        """The ``y_hat`` (1, M, h, w) of a string; raises ``Corrupt`` if ``encode`` cannot have made it."""
        channels = self.walk.channels
        self._blocks.check_string(string, channels * hyper_params[0, 0].numel())  # before memory is taken
        decoder = StringDecoder(self._blocks, string)

        def read(positions: Tensor, parameters: Tensor) -> Tensor:
            found = decoder.decode(_indexes(parameters, channels))
            return torch.from_numpy(found).double().reshape(-1, channels) * GRID

        y_hat = self.walk(hyper_params, read) / GRID
        decoder.finish()
        return y_hat.float()

    def bits(self, y: Tensor, hyper_params: Tensor) -> Tensor:
        """The information content of every symbol of ``y`` (1, M, h, w), in bits, shaped like it."""
        symbols = symbols_of(on_grid(y))
        values = by_position(symbols)
        bits = torch.empty(values.shape)
        for positions, parameters in self._all_steps(clipped(symbols), hyper_params):
            found = self._blocks.information(flat(values[positions]), _indexes(parameters, values.shape[1]))
            bits[positions] = torch.from_numpy(found).reshape(positions.numel(), -1)
        return bits.T.reshape(y.shape)

    def _all_steps(self, symbols: Tensor, hyper_params: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """What ``walk`` would ask about, given all symbols (1, M, h, w) beforehand.

        Yields:
            A step's positions (n,) and the parameters there (n, C).
        """
        hyper = hyper_params[0].flatten(1)
        # Integers of 16 bits, shifted: exact in float32.
        known = KnownValues(symbols.shape, self.walk.offsets)
        known.put(torch.arange(hyper.shape[1]), by_position((symbols * GRID).float()))
        for steps in _batches(self.walk.order.steps(hyper_params)):
            positions = torch.cat(steps)
            seen = self.walk.context(known.context(positions).double())
            parameters = self.walk.parameters(torch.cat([hyper[:, positions].T.double(), seen], dim=1))
            yield from zip(steps, torch.split(parameters, [step.numel() for step in steps]), strict=True)


def _batches(steps: Iterator[Tensor]) -> Iterator[list[Tensor]]:
    """Steps in groups of about ``AT_ONCE`` positions."""
    group: list[Tensor] = []
    for step in steps:
        if group and sum(other.numel() for other in group) + step.numel() > AT_ONCE:
            yield group
            group = []
        group.append(step)
    if group:
        yield group


def _indexes(parameters: Tensor, channels: int) -> Indexes:
    """(n, 3 * K * M) -> (n * M, 3 * K), as the block coder takes them."""
    of_channels = parameters.reshape(len(parameters), -1, channels)
    return of_channels.permute(1, 0, 2).flatten(1).to(torch.int32).numpy().T
