"""Networks that correct what h_s predicts for each group of channels, in fixed point."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from litcodec.entropy import FixedPointNet
from litcodec.errors import FreezeError
from litcodec.latent_coding.group_nets import GroupGaussians, Places
from litcodec.latent_coding.neighbours import AT_ONCE, Neighbourhood, NeighbourSums
from litcodec.latent_coding.tensors import net_from, net_to


class ResidualGroups:
    """``GroupNets``; see ``latent_models/channel_groups.py``.

    Args:
        nets: one for each group: features, y_hat of the groups before, and in a checkerboard group its own
            anchors -> what is added to its log-scales and means.
        checkerboards: how many groups, from the first, are checkerboards.

    Raises:
        FreezeError: if the channels of the networks do not fit one another.
    """

    def __init__(self, nets: Sequence[FixedPointNet], *, checkerboards: int) -> None:
        self.nets, self.checkerboards = list(nets), checkerboards
        self.groups = [len(net.layers[-1].bias) // 2 for net in nets]
        self.channels = sum(self.groups)
        self.features = nets[0].channels - (self.groups[0] if checkerboards else 0)
        self.known: list[NeighbourSums] = []
        self.own: list[NeighbourSums | None] = []
        before = self.features
        for k, (net, g) in enumerate(zip(nets, self.groups, strict=True)):
            own = g if k < checkerboards else 0
            if net.channels != before + own:
                raise FreezeError(f"group {k} sees {net.channels} channels instead of {before + own}.")
            weight = net.layers[0].weight
            self.known.append(NeighbourSums(weight[:, :before]))
            self.own.append(NeighbourSums(weight[:, before:]) if own else None)
            before += g

    @classmethod
    def from_float(cls, nets: Sequence[nn.Sequential], *, checkerboards: int) -> "ResidualGroups":
        """Make trained networks exact."""
        return cls([FixedPointNet.from_float(net) for net in nets], checkerboards=checkerboards)

    @classmethod
    def from_tensors(
        cls, nets: Sequence[nn.Sequential], tensors: Mapping[str, Tensor], *, checkerboards: int
    ) -> "ResidualGroups":
        """Read back what ``decoder_tensors`` gave."""
        exact = [net_from(f"nets.{k}", net, tensors) for k, net in enumerate(nets)]
        return cls(exact, checkerboards=checkerboards)

    def decoder_tensors(self) -> dict[str, Tensor]:
        """The integers of all networks, by name, for a codec file."""
        found: dict[str, Tensor] = {}
        for k, net in enumerate(self.nets):
            found.update(net_to(f"nets.{k}", net))
        return found

    def walk(self, hyper_params: Tensor) -> "_Walk":
        """Begin an image of ``hyper_params`` (1, C, h, w)."""
        return _Walk(self, hyper_params)


class _Walk:
    """``GroupWalk``."""

    def __init__(self, nets: ResidualGroups, hyper_params: Tensor) -> None:
        self._nets, (self._h, self._w) = nets, hyper_params.shape[2:]
        self._log_scales, self._means, features = torch.split(
            hyper_params[0].flatten(1), [nets.channels, nets.channels, nets.features]
        )
        seen = nets.features + nets.channels - nets.groups[-1]
        self._seen = Neighbourhood(seen, self._h, self._w)
        self._seen.put(0, features)
        self._first = 0

    def begin(self, k: int) -> None:
        self._k, self._channels = k, slice(self._first, self._first + self._nets.groups[k])
        self._sums = self._nets.known[k](self._seen, self._nets.nets[k].bias)

    def see_anchors(self, values: Tensor) -> None:
        own = self._nets.own[self._k]
        assert own is not None
        known = Neighbourhood(len(values), self._h, self._w)
        known.put(0, values)
        own(known, self._sums)

    def gaussians(self, places: Places) -> GroupGaussians:
        net, sums, g = self._nets.nets[self._k], self._sums[places], self._nets.groups[self._k]
        # Two tensors: whoever has made CDF indexes of the scales no longer needs their memory.
        log_scales = self._log_scales[self._channels][:, places].to(torch.float64, copy=True)
        means = self._means[self._channels][:, places].to(torch.float64, copy=True)
        for a in range(0, len(sums), AT_ONCE):
            # One place after the other in rows: the rest of the network has 1x1 kernels.
            change = net.finish(sums[a : a + AT_ONCE].clone()).T
            log_scales[:, a : a + AT_ONCE] += change[:g]
            means[:, a : a + AT_ONCE] += change[g:]
        return GroupGaussians(log_scales, means)

    def end(self, values: Tensor) -> Tensor:
        self._first += len(values)
        if self._first < self._nets.channels:
            self._seen.put(self._nets.features + self._first - len(values), values)
        return values
