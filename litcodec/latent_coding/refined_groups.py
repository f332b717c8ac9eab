"""Networks that predict the Gaussians of each group, then refine its decoded values, in fixed point."""

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor, nn

from litcodec.entropy import FixedPointNet
from litcodec.entropy.fixed_point import ACTIVATION_MAX
from litcodec.errors import FreezeError
from litcodec.latent_coding.group_nets import GroupGaussians, Places
from litcodec.latent_coding.strips import InStrips
from litcodec.latent_coding.symbols import GRID
from litcodec.latent_coding.tensors import net_from, net_to, take

PIXELS_PER_PLACE = 256  # it decides the height of strips, no result
TANH = "lrp.tanh"  # the table's name in codec files


class RefinedNets(NamedTuple):
    """The float networks of one group; the same frozen or not."""

    scale: nn.Sequential  # features for scales, groups before, in h x w -> scales
    mean: nn.Sequential  # features for means, groups before -> means
    lrp: nn.Sequential  # features for means, groups before, the group's own -> residuals before tanh


class _Exact(NamedTuple):
    """``RefinedNets`` in fixed point."""

    scale: FixedPointNet
    mean: FixedPointNet
    lrp: FixedPointNet


class RefinedGroups:
    """``GroupNets`` without checkerboards; see ``latent_models/refined_groups.py``.

    Args:
        nets: of each group.
        tanh: (n,), integers: half the hyperbolic tangent of 0, 1, 2 … on the grid; constant from the last on.
        support: how many groups, from the first, are seen by those after them.

    Raises:
        FreezeError: if channels do not fit one another, or the table is none of small numbers.
    """

    checkerboards = 0

    def __init__(self, nets: Sequence[_Exact], tanh: Tensor, *, support: int) -> None:
        self.nets, self.support = list(nets), support
        self.groups = [len(net.mean.layers[-1].bias) for net in nets]
        self.before = (0, *accumulate(self.groups))
        self.channels = self.before[-1]
        for k, (net, g) in enumerate(zip(nets, self.groups, strict=True)):
            seen = self.channels + self.seen(k)
            wanted = [(seen, g), (seen, g), (seen + g, g)]
            found = [(each.channels, len(each.layers[-1].bias)) for each in net]
            if found != wanted:
                raise FreezeError(f"group {k} has networks of {found} channels in and out, not {wanted}.")
        if tanh.dim() != 1 or not len(tanh) or int(tanh.max()) > GRID or int(tanh.min()) < 0:
            raise FreezeError(f"{TANH} is a row of numbers from 0 to {GRID:g}; got {tuple(tanh.shape)}.")
        self.tanh = tanh
        self._in_strips = [[_in_strips(each) for each in net] for net in self.nets]

    @classmethod
    def from_float(cls, nets: Sequence[RefinedNets], *, support: int) -> "RefinedGroups":
        """Make trained networks exact."""
        exact = [_Exact(*(FixedPointNet.from_float(each) for each in net)) for net in nets]
        return cls(exact, half_tanh(), support=support)

    @classmethod
    def from_tensors(
        cls, nets: Sequence[RefinedNets], tensors: Mapping[str, Tensor], *, support: int
    ) -> "RefinedGroups":
        """Read back what ``decoder_tensors`` gave."""
        exact = [
            _Exact(*(net_from(f"{name}.{k}", each, tensors) for name, each in zip(_NAMES, net, strict=True)))
            for k, net in enumerate(nets)
        ]
        return cls(exact, take(tensors, TANH), support=support)

    def decoder_tensors(self) -> dict[str, Tensor]:
        """The integers of all networks and the table of tanh, by name, for a codec file."""
        found = {TANH: self.tanh}
        for k, net in enumerate(self.nets):
            for name, each in zip(_NAMES, net, strict=True):
                found.update(net_to(f"{name}.{k}", each))
        return found

    def seen(self, k: int) -> int:
        """Channels of the groups that group k sees."""
        return self.before[min(k, self.support)]

    def walk(self, hyper_params: Tensor) -> "_Walk":
        """Begin an image of ``hyper_params`` (1, C, h, w)."""
        return _Walk(self, hyper_params)

    def scales(self, k: int, x: Tensor) -> Tensor:
        """Of group k, (1, g, h, w), given what it sees, (1, C, h, w) of whole numbers in float32."""
        return self._in_strips[k][0](x)

    def means(self, k: int, x: Tensor) -> Tensor:
        """As ``scales``."""
        return self._in_strips[k][1](x)

    def change(self, k: int, x: Tensor) -> Tensor:
        """What is added to the values of group k, (1, g, h, w), given what it sees and its values."""
        found = self._in_strips[k][2](x)
        size = found.abs().clamp_(max=len(self.tanh) - 1).long()
        return self.tanh[size].double().mul_(found.sign())


class _Walk:
    """``GroupWalk``."""

    def __init__(self, nets: RefinedGroups, hyper_params: Tensor) -> None:
        self._nets, self._size, M = nets, hyper_params.shape[2:], nets.channels
        room = max(nets.seen(k) + g for k, g in enumerate(nets.groups))
        # Whole numbers up to 2^24 are exact in float32.
        self._of_scales = torch.zeros(1, M + nets.seen(len(nets.groups)), *self._size)
        self._of_means = torch.zeros(1, M + room, *self._size)
        self._of_scales[:, :M], self._of_means[:, :M] = hyper_params.chunk(2, dim=1)

    def begin(self, k: int) -> None:
        self._k, known = k, self._nets.channels + self._nets.seen(k)
        self._scales = self._nets.scales(k, self._of_scales[:, :known])[0].flatten(1)
        self._means = self._nets.means(k, self._of_means[:, :known])[0].flatten(1)

    def see_anchors(self, values: Tensor) -> None:
        raise AssertionError("these groups have no anchors")

    def gaussians(self, places: Places) -> GroupGaussians:
        return GroupGaussians(self._scales[:, places], self._means[:, places])

    def end(self, values: Tensor) -> Tensor:
        k, g = self._k, len(values)
        first = self._nets.channels + self._nets.seen(k)
        own = slice(first, first + g)
        self._of_means[0, own] = _bounded(values).reshape(g, *self._size)
        refined = values + self._nets.change(k, self._of_means[:, : first + g])[0].flatten(1)
        if k < self._nets.support:  # its room is its own; later ones share theirs
            known = _bounded(refined).reshape(g, *self._size).float()
            self._of_scales[0, own], self._of_means[0, own] = known, known
        return refined


_NAMES = ("cc_scale", "cc_mean", "lrp")


def half_tanh() -> Tensor:
    """Half the hyperbolic tangent on the grid of 2^-12, of 0, 1, 2 … until it stays at 1/2; int32."""
    found: list[int] = []
    while not found or found[-1] < GRID / 2:
        found.append(round(GRID / 2 * math.tanh(len(found) / GRID)))
    return torch.tensor(found, dtype=torch.int32)


class _OfFloat32:
    """A network that takes whole numbers in float32."""

    def __init__(self, net: FixedPointNet) -> None:
        self.net = net

    def __call__(self, x: Tensor) -> Tensor:
        return self.net(x.double())


def _in_strips(net: FixedPointNet) -> InStrips:
    return InStrips(_OfFloat32(net), rows_in=1, rows_out=1, columns_in=1, pixels=PIXELS_PER_PLACE)


def _bounded(values: Tensor) -> Tensor:
    return values.clamp(-ACTIVATION_MAX, ACTIVATION_MAX)
