"""Codes a latent one group of channels after another, each conditioned on those before it, exactly.

Every group is one part of the string, a checkerboard group two: its anchors, then the others.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from litcodec.coding import Encoded
from litcodec.entropy import gaussian_tables
from litcodec.latent_coding.coding_order import checkerboard_anchors
from litcodec.latent_coding.group_nets import GroupNets, Places
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

# A group's first channel, n places, their means (g, n) and CDF indexes -> symbols (g, n).
Visit = Callable[[int, Places, Tensor, Indexes], Tensor]


class ChannelGroupCoder:
    """A ``ConditionalCoder``; see ``latent_models/grouped.py``.

    Args:
        nets: compute scales and means, group after group.
        scale_tables: one table row for each scale.
    """

    def __init__(self, nets: GroupNets, scale_tables: ScaleTables) -> None:
        self.nets, self.scale_tables = nets, scale_tables
        self.channels = sum(nets.groups)

    @classmethod
    def of(cls, nets: GroupNets, *, log_scales: bool) -> "ChannelGroupCoder":
        """With new tables; ``log_scales`` if ``nets`` predict logarithms of scales."""
        return cls(nets, ScaleTables(gaussian_tables(), log_scales=log_scales))

    @classmethod
    def from_tensors(
        cls, nets: GroupNets, tensors: Mapping[str, Tensor], *, log_scales: bool
    ) -> "ChannelGroupCoder":
        """With the tables that ``decoder_tensors`` and ``encoder_tensors`` gave."""
        return cls(nets, scale_tables_from("y", tensors, log_scales=log_scales))

    def with_rdoq(self, rdoq_lambda: float) -> "ChannelGroupCoder":
        """The same coder, whose encoder rounds by rate and distortion."""
        return ChannelGroupCoder(self.nets, self.scale_tables.with_rdoq(rdoq_lambda))

    def decoder_tensors(self) -> dict[str, Tensor]:
        """All tensors that a decoder needs, by name."""
        return {**tables_to("y", self.scale_tables.tables), **self.nets.decoder_tensors()}

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that only ``encode`` depends on."""
        return rdoq_to("y", self.scale_tables)

    def encode(self, y: Tensor, hyper_params: Tensor) -> tuple[Encoded, Tensor]:
        """The string of ``y`` (1, M, h, w), and the ``y_hat``, float32, that the decoder will have."""
        encoder = self.scale_tables.coder.encoder()

        def write(first: int, places: Places, means: Tensor, indexes: Indexes) -> Tensor:
            residual = _values(y, first, means, places).sub_(means)
            symbols = self.scale_tables.symbols(residual, indexes)
            encoder.encode(flat(symbols), indexes)
            return clipped(symbols)

        y_hat = self._walk(hyper_params, write)
        return encoder.finish(), y_hat

    def decode(self, string: bytes, hyper_params: Tensor) -> Tensor:
        """The ``y_hat`` (1, M, h, w) of a string; raises ``Corrupt`` if ``encode`` cannot have made it."""
        symbols = self.channels * hyper_params[0, 0].numel()
        self.scale_tables.coder.check_string(string, symbols)  # before memory is taken
        decoder = self.scale_tables.coder.decoder(string)

        def read(first: int, places: Places, means: Tensor, indexes: Indexes) -> Tensor:
            return torch.from_numpy(decoder.decode(indexes)).double().reshape(means.shape)

        y_hat = self._walk(hyper_params, read)
        decoder.finish()
        return y_hat

    def bits(self, y: Tensor, hyper_params: Tensor) -> Tensor:
        """The information content of every symbol of ``y`` (1, M, h, w), in bits, shaped like it."""
        bits = torch.empty(y.shape)

        def score(first: int, places: Places, means: Tensor, indexes: Indexes) -> Tensor:
            residual = _values(y, first, means, places).sub_(means)
            symbols = self.scale_tables.symbols(residual, indexes)
            found = bits_of(self.scale_tables.tables, symbols, indexes)
            bits[0].flatten(1)[first : first + len(means), places] = found
            return clipped(symbols)

        self._walk(hyper_params, score)
        return bits

    def _walk(self, hyper_params: Tensor, visit: Visit) -> Tensor:
        """Take all groups; ``y_hat`` (1, M, h, w), float32."""
        h, w = hyper_params.shape[2:]
        anchors = checkerboard_anchors(hyper_params).flatten()
        halves = anchors.nonzero()[:, 0], (~anchors).nonzero()[:, 0]
        y_hat = torch.empty(1, self.channels, h, w)
        walk, first = self.nets.walk(hyper_params), 0
        for k, g in enumerate(self.nets.groups):
            found = torch.zeros(g, h * w, dtype=torch.float64)
            walk.begin(k)
            for places in halves if k < self.nets.checkerboards else (slice(None),):
                if places is halves[1]:
                    walk.see_anchors(found)
                scales, means = walk.gaussians(places)
                indexes = self.scale_tables.indexes(scales)
                del scales  # as large as the group
                found[:, places] = visit(first, places, means, indexes).mul_(GRID).add_(means)
            found = walk.end(found)
            y_hat[0, first : first + g] = found.div_(GRID).reshape(g, h, w)
            first += g
        return y_hat


def _values(y: Tensor, first: int, means: Tensor, places: Places) -> Tensor:
    """A group's latents on the grid, (g, n), a new tensor."""
    return on_grid(y[0, first : first + len(means)].flatten(1)[:, places])
