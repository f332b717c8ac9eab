"""Networks that predict each group from side information, earlier groups and anchors, in fixed point."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor, nn

from litcodec.entropy import FixedPointNet
from litcodec.entropy.fixed_point import ACTIVATION_MAX
from litcodec.latent_coding.coding_order import KnownValues, Offsets, by_position
from litcodec.latent_coding.group_nets import GroupGaussians, Places
from litcodec.latent_coding.strips import InStrips
from litcodec.latent_coding.tensors import net_from, net_to

AT_ONCE = 2**11  # places of one product; it changes no bit
PIXELS_PER_PLACE = 256  # it decides the height of strips, no result


class AggregatedNets(NamedTuple):
    """The float networks of one group; the same frozen or not."""

    channel: nn.Sequential | None  # y_hat of the groups before, in h x w; the first group has none before
    spatial: nn.Sequential  # one 1x1 convolution: the group's values at ``offsets``, one after the other -> C
    aggregation: nn.Sequential  # 1x1 convolutions: hyper-parameters, channel's, spatial's -> scales, means
    offsets: Offsets  # of the anchors that a place sees


class _Exact:
    """``AggregatedNets`` in fixed point."""

    def __init__(
        self,
        channel: FixedPointNet | None,
        spatial: FixedPointNet,
        aggregation: FixedPointNet,
        offsets: Offsets,
    ) -> None:
        self.channel, self.spatial, self.aggregation, self.offsets = channel, spatial, aggregation, offsets
        before = 0 if channel is None else len(channel.layers[-1].bias)
        hyper = aggregation.channels - before - len(spatial.bias)
        self.of_hyper = aggregation.share(0, hyper)
        self.of_channel = aggregation.share(hyper, hyper + before)
        self.of_spatial = aggregation.share(hyper + before, aggregation.channels)
        self.in_strips = InStrips(
            self._channel_context, rows_in=1, rows_out=1, columns_in=1, pixels=PIXELS_PER_PLACE
        )

    def _channel_context(self, seen: Tensor) -> Tensor:
        assert self.channel is not None
        return self.channel(seen.double())


class AggregatedGroups:
    """``GroupNets`` whose groups are all checkerboards; see ``latent_models/aggregated_groups.py``."""

    def __init__(self, nets: Sequence[_Exact]) -> None:
        self.nets = list(nets)
        self.groups = [len(net.aggregation.layers[-1].bias) // 2 for net in nets]
        self.checkerboards = len(self.groups)
        self.before = (0, *accumulate(self.groups))

    @classmethod
    def from_float(cls, nets: Sequence[AggregatedNets]) -> "AggregatedGroups":
        """Make trained networks exact."""
        exact = FixedPointNet.from_float
        return cls(
            [
                _Exact(
                    None if net.channel is None else exact(net.channel),
                    exact(net.spatial),
                    exact(net.aggregation),
                    net.offsets,
                )
                for net in nets
            ]
        )

    @classmethod
    def from_tensors(
        cls, nets: Sequence[AggregatedNets], tensors: Mapping[str, Tensor]
    ) -> "AggregatedGroups":
        """Read back what ``decoder_tensors`` gave."""
        return cls(
            [
                _Exact(
                    None if net.channel is None else net_from(f"channel.{k}", net.channel, tensors),
                    net_from(f"spatial.{k}", net.spatial, tensors),
                    net_from(f"aggregation.{k}", net.aggregation, tensors),
                    net.offsets,
                )
                for k, net in enumerate(nets)
            ]
        )

    def decoder_tensors(self) -> dict[str, Tensor]:
        """The integers of all networks, by name, for a codec file."""
        found: dict[str, Tensor] = {}
        for k, net in enumerate(self.nets):
            if net.channel is not None:
                found.update(net_to(f"channel.{k}", net.channel))
            found.update(net_to(f"spatial.{k}", net.spatial))
            found.update(net_to(f"aggregation.{k}", net.aggregation))
        return found

    def walk(self, hyper_params: Tensor) -> "_Walk":
        """Begin an image of ``hyper_params`` (1, C, h, w)."""
        return _Walk(self, hyper_params)


class _Walk:
    """``GroupWalk``."""

    def __init__(self, nets: AggregatedGroups, hyper_params: Tensor) -> None:
        self._nets, self._hyper = nets, by_position(hyper_params)
        self._size = hyper_params.shape[2:]
        # Whole numbers up to 2^24 are exact in float32.
        self._seen = torch.zeros(1, nets.before[-2], *self._size)

    def begin(self, k: int) -> None:
        self._k, self._net = k, self._nets.nets[k]
        self._channel: Tensor | None = None
        if self._net.channel is not None:
            self._channel = by_position(self._net.in_strips(self._seen[:, : self._nets.before[k]]))
        self._known = KnownValues((1, self._nets.groups[k], *self._size), self._net.offsets)

    def see_anchors(self, values: Tensor) -> None:
        self._known.put(self._places(slice(None)), _bounded(values).T.float())

    def gaussians(self, places: Places) -> GroupGaussians:
        net, g = self._net, self._nets.groups[self._k]
        wanted = self._places(places)
        found, first = torch.empty(2 * g, len(wanted), dtype=torch.float64), 0
        for at in torch.split(wanted, AT_ONCE):
            sums = torch.addmm(net.aggregation.bias, self._hyper[at].double(), net.of_hyper)
            if self._channel is not None:
                sums.addmm_(self._channel[at], net.of_channel)
            sums.addmm_(net.spatial(self._known.context(at).double()), net.of_spatial)
            found[:, first : first + len(at)] = net.aggregation.finish(sums).T
            first += len(at)
        return GroupGaussians(found[:g], found[g:])

    def end(self, values: Tensor) -> Tensor:
        if self._k + 1 < len(self._nets.groups):
            part = slice(self._nets.before[self._k], self._nets.before[self._k + 1])
            self._seen[0, part] = _bounded(values).reshape(-1, *self._size)
        return values

    def _places(self, places: Places) -> Tensor:
        return torch.arange(len(self._hyper))[places]


def _bounded(values: Tensor) -> Tensor:
    return values.clamp(-ACTIVATION_MAX, ACTIVATION_MAX)
