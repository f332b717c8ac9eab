"""Codes a latent group of channels after group of channels, each given those before it, exactly.

Every group is one part of the string, a checkerboard group two: its anchors, then the others. All sums are
integers (see ``entropy.fixed_point``), so what is convolved at once, and on how many threads, changes no bit.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.coding import Encoded
from litcodec.entropy import FixedPointNet, gaussian_tables
from litcodec.entropy.fixed_point import ACTIVATION_MAX
from litcodec.errors import FreezeError
from litcodec.latent_coding.coding_order import checkerboard_anchors
from litcodec.latent_coding.strips import InStrips
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

PIXELS_PER_Y = 256  # what a position of y usually stands for; it decides the height of strips, no result

# A group's first channel, positions (h, w) bool, their means (g, n) and CDF indexes -> symbols (g, n).
Visit = Callable[[int, Tensor, Tensor, Indexes], Tensor]


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
            self._known.append(_in_strips(weight[:, :before], net.bias))
            self._own.append(_in_strips(weight[:, before:], None) if own else None)
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
        encoder, values = self.scale_tables.coder.encoder(), on_grid(y)[0]

        def write(first: int, positions: Tensor, means: Tensor, indexes: Indexes) -> Tensor:
            residual = values[first : first + len(means), positions] - means
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

        def read(first: int, positions: Tensor, means: Tensor, indexes: Indexes) -> Tensor:
            return torch.from_numpy(decoder.decode(indexes)).double().reshape(means.shape)

        y_hat = self._walk(hyper_params, read)
        decoder.finish()
        return y_hat

    def bits(self, y: Tensor, hyper_params: Tensor) -> Tensor:
        """See ``ConditionalCoder``."""
        values = on_grid(y)[0]
        bits = torch.empty(values.shape)

        def score(first: int, positions: Tensor, means: Tensor, indexes: Indexes) -> Tensor:
            channels = slice(first, first + len(means))
            symbols = self.scale_tables.symbols(values[channels, positions] - means, indexes)
            bits[channels, positions] = bits_of(self.scale_tables.tables, symbols, indexes)
            return clipped(symbols)

        self._walk(hyper_params, score)
        return bits[None]

    def _walk(self, hyper_params: Tensor, visit: Visit) -> Tensor:
        """Take all groups; ``y_hat`` (1, M, h, w), float32."""
        log_scales, means, seen = torch.split(
            hyper_params, [self.channels, self.channels, self.features], dim=1
        )
        anchors = checkerboard_anchors(hyper_params)
        everywhere, first = torch.ones_like(anchors), 0
        seen = _bounded(seen)
        for k, g in enumerate(self.groups):
            channels = slice(first, first + g)
            scale, mean = log_scales[0, channels], means[0, channels]
            found = torch.zeros_like(mean)
            sums, own = self._known[k](seen), self._own[k]
            for positions in (everywhere,) if own is None else (anchors, ~anchors):
                if own is not None and positions is not anchors:
                    sums += own(_bounded(found)[None])
                # One position after the other in rows: the rest of the network has 1x1 kernels.
                change = self.nets[k].finish(sums[0][:, positions].T.contiguous()).T
                mean_here = mean[:, positions] + change[g:]
                indexes = self.scale_tables.indexes(scale[:, positions] + change[:g])
                found[:, positions] = visit(first, positions, mean_here, indexes) * GRID + mean_here
            seen = torch.cat([seen, found[None]], dim=1)
            seen[:, -g:].clamp_(-ACTIVATION_MAX, ACTIVATION_MAX)
            first += g
            means[0, channels] = found
        y_hat: Tensor = means / GRID
        return y_hat.float()


def _in_strips(weight: Tensor, bias: Tensor | None) -> InStrips:
    convolve = partial(F.conv2d, weight=weight.contiguous(), bias=bias, padding=1)
    return InStrips(convolve, rows_in=1, rows_out=1, columns_in=1, pixels=PIXELS_PER_Y)


def _bounded(seen: Tensor) -> Tensor:
    """What may be larger than the sums allow: all else comes out of a fixed-point network."""
    return seen.clamp(-ACTIVATION_MAX, ACTIVATION_MAX)
