"""The entropy network in fixed point: the same integers on every machine."""

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from litcodec.coding.laplace import Laplaces, laplaces_of
from litcodec.entropy.fixed_point import (
    ACTIVATION_MAX,
    FRACTION_BITS,
    FixedPointLayer,
    FixedPointNet,
)
from litcodec.errors import Corrupt, FreezeError
from litcodec.overfitted.entropy_network import EntropyNetwork

Floats = npt.NDArray[np.float64]


class ExactNetwork:
    """Distributions of symbols, given what is seen of them.

    Args:
        network: its weights are whole numbers times ``2^-shift``.
        shift: of the weights.

    Raises:
        Corrupt: if the sums could need more than 52 bits.
    """

    def __init__(self, network: EntropyNetwork, shift: int) -> None:
        try:
            layers = [_Layer(layer, shift, 0.0) for layer in network.hidden if isinstance(layer, nn.Linear)]
            joined = nn.Linear(network.out.in_features + network.linear.in_features, 2)
            joined.weight = nn.Parameter(torch.cat([network.out.weight, network.linear.weight], 1))
            joined.bias = network.out.bias
            self._out = _Layer(joined, shift, -ACTIVATION_MAX)
        except FreezeError as error:
            raise Corrupt(f"the stream's entropy network is none: {error}") from error
        self._hidden = layers

    @torch.no_grad()
    def __call__(self, seen: Floats) -> Laplaces:
        """The distributions of n symbols, of what is seen of them, (n, context + 3), in units of 2^-12."""
        x = torch.from_numpy(seen)
        h = x
        for layer in self._hidden:
            h = layer(h)
        means, log_scales = self._out(torch.cat([h, x], 1)).numpy().T
        return laplaces_of(means, log_scales)


class _Layer:
    """One layer of ``FixedPointNet``, and its ReLU."""

    def __init__(self, layer: nn.Linear, shift: int, lowest: float) -> None:
        conv = nn.Conv2d(layer.in_features, layer.out_features, 1)
        weight = torch.ldexp(layer.weight.detach().double(), torch.tensor(shift)).round()
        bias = torch.ldexp(layer.bias.detach().double(), torch.tensor(shift + FRACTION_BITS)).round()
        net = FixedPointNet(nn.Sequential(conv), [FixedPointLayer(weight[:, :, None, None], bias, shift)])
        self._weight, self._bias = net.share(0, layer.in_features), net.bias
        self._scale, self._lowest = math.ldexp(1.0, -shift), lowest

    def __call__(self, x: Tensor) -> Tensor:
        sums = torch.addmm(self._bias, x, self._weight)
        return sums.mul_(self._scale).round_().clamp_(self._lowest, ACTIVATION_MAX)
