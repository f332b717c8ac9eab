"""Codes a latent group of channels after group of channels, each given those before it, exactly.

Every group is one part of the string, a checkerboard group two: its anchors, then the others. All sums are
integers (see ``entropy.fixed_point``), so what is convolved at once, and on how many threads, changes no bit.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from litcodec.coding import Encoded
from litcodec.entropy import FixedPointNet, gaussian_tables
from litcodec.errors import FreezeError
from litcodec.latent_coding.coding_order import checkerboard_anchors
from litcodec.latent_coding.neighbours import AT_ONCE, Neighbourhood, NeighbourSums
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
from litcodec.latent_coding.tensors import net_from, net_to, tables_to

Places = slice | Tensor  # positions of (h * w): all, or these

# A group's first channel, n places, their means (g, n) and CDF indexes -> symbols (g, n).
Visit = Callable[[int, Places, Tensor, Indexes], Tensor]


class ChannelGroupCoder:
    """A ``ConditionalCoder``; see ``latent_models/channel_groups.py``.

    Args:
        nets: one for each group, in fixed point: features, y_hat of the groups before, and in a checkerboard
            group its own anchors -> what is added to its log-scales and means.
        scale_tables: one table row for each scale.
        checkerboards: how many groups, from the first, are checkerboards.

    Raises:
        FreezeError: if the channels of the networks do not fit one another.
    """

    def __init__(
        self, nets: Sequence[FixedPointNet], scale_tables: ScaleTables, *, checkerboards: int
    ) -> None:
        self.nets, self.scale_tables, self.checkerboards = list(nets), scale_tables, checkerboards
        self.groups = [len(net.layers[-1].bias) // 2 for net in nets]
        self.channels = sum(self.groups)
        self.features = nets[0].channels - (self.groups[0] if checkerboards else 0)
        self._known, self._own = [], []
        before = self.features
        for k, (net, g) in enumerate(zip(nets, self.groups, strict=True)):
            own = g if k < checkerboards else 0
            if net.channels != before + own:
                raise FreezeError(f"group {k} sees {net.channels} channels instead of {before + own}.")
            weight = net.layers[0].weight
            self._known.append(NeighbourSums(weight[:, :before]))
            self._own.append(NeighbourSums(weight[:, before:]) if own else None)
            before += g

    @classmethod
    def from_float(cls, nets: Sequence[nn.Sequential], *, checkerboards: int) -> "ChannelGroupCoder":
        """Make trained networks exact."""
        tables = ScaleTables(gaussian_tables(), log_scales=True)
        return cls([FixedPointNet.from_float(net) for net in nets], tables, checkerboards=checkerboards)

    @classmethod
    def from_tensors(
        cls, nets: Sequence[nn.Sequential], tensors: Mapping[str, Tensor], *, checkerboards: int
    ) -> "ChannelGroupCoder":
        """Read back what ``decoder_tensors`` and ``encoder_tensors`` gave."""
        tables = scale_tables_from("y", tensors, log_scales=True)
        exact = [net_from(f"nets.{k}", net, tensors) for k, net in enumerate(nets)]
        return cls(exact, tables, checkerboards=checkerboards)

    def with_rdoq(self, rdoq_lambda: float) -> "ChannelGroupCoder":
        """See ``ConditionalCoder``."""
        tables = self.scale_tables.with_rdoq(rdoq_lambda)
        return ChannelGroupCoder(self.nets, tables, checkerboards=self.checkerboards)

    def decoder_tensors(self) -> dict[str, Tensor]:
        """See ``ConditionalCoder``."""
        found = tables_to("y", self.scale_tables.tables)
        for k, net in enumerate(self.nets):
            found.update(net_to(f"nets.{k}", net))
        return found

    def encoder_tensors(self) -> dict[str, Tensor]:
        """See ``ConditionalCoder``."""
        return rdoq_to("y", self.scale_tables)

    def encode(self, y: Tensor, hyper_params: Tensor) -> tuple[Encoded, Tensor]:
        """See ``ConditionalCoder``."""
        encoder = self.scale_tables.coder.encoder()

        def write(first: int, places: Places, means: Tensor, indexes: Indexes) -> Tensor:
            residual = _values(y, first, means, places).sub_(means)
            symbols = self.scale_tables.symbols(residual, indexes)
            encoder.encode(flat(symbols), indexes)
            return clipped(symbols)

        y_hat = self._walk(hyper_params, write)
        return encoder.finish(), y_hat

    def decode(self, string: bytes, hyper_params: Tensor) -> Tensor:
        """See ``ConditionalCoder``."""
        symbols = self.channels * hyper_params[0, 0].numel()
        self.scale_tables.coder.check_string(string, symbols)  # before memory is taken
        decoder = self.scale_tables.coder.decoder(string)

        def read(first: int, places: Places, means: Tensor, indexes: Indexes) -> Tensor:
            return torch.from_numpy(decoder.decode(indexes)).double().reshape(means.shape)

        y_hat = self._walk(hyper_params, read)
        decoder.finish()
        return y_hat

    def bits(self, y: Tensor, hyper_params: Tensor) -> Tensor:
        """See ``ConditionalCoder``."""
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
        log_scales, means, features = torch.split(
            hyper_params[0].flatten(1), [self.channels, self.channels, self.features]
        )
        anchors = checkerboard_anchors(hyper_params).flatten()
        halves = anchors.nonzero()[:, 0], (~anchors).nonzero()[:, 0]
        y_hat = torch.empty(1, self.channels, h, w)
        seen = Neighbourhood(self.features + self.channels - self.groups[-1], h, w)
        seen.put(0, features)
        first = 0
        for k, g in enumerate(self.groups):
            channels = slice(first, first + g)
            scale, mean = log_scales[channels], means[channels]
            found = torch.zeros_like(mean)
            sums, own = self._known[k](seen, self.nets[k].bias), self._own[k]
            for places in (slice(None),) if own is None else halves:
                if places is halves[1]:
                    assert own is not None
                    known = Neighbourhood(g, h, w)
                    known.put(0, found)
                    own(known, sums)
                change = self._change(k, sums, places)
                mean_here = change[g:].add_(mean[:, places])
                indexes = self.scale_tables.indexes(change[:g].add_(scale[:, places]))
                found[:, places] = visit(first, places, mean_here, indexes).mul_(GRID).add_(mean_here)
            if k + 1 < len(self.groups):
                seen.put(self.features + first, found)
            y_hat[0, channels] = found.div_(GRID).reshape(g, h, w)
            first += g
        return y_hat

    def _change(self, k: int, sums: Tensor, places: Places) -> Tensor:
        """What network k adds to log-scales and means at some places, (2g, n), of its first layer's sums."""
        sums = sums[places]
        change = sums.new_empty(2 * self.groups[k], len(sums))
        for a in range(0, len(sums), AT_ONCE):
            # One place after the other in rows: the rest of the network has 1x1 kernels.
            change[:, a : a + AT_ONCE] = self.nets[k].finish(sums[a : a + AT_ONCE].clone()).T
        return change


def _values(y: Tensor, first: int, means: Tensor, places: Places) -> Tensor:
    """A group's latents on the grid, (g, n), a new tensor."""
    return on_grid(y[0, first : first + len(means)].flatten(1)[:, places])
