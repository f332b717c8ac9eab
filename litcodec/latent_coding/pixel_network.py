"""The network of ``PixelAutoregressive`` in fixed point: the same integers on every machine."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from litcodec.coding import LEVEL_MAX
from litcodec.entropy import FixedPointNet
from litcodec.entropy.fixed_point import ACTIVATION_MAX, FRACTION_BITS
from litcodec.errors import FreezeError
from litcodec.latent_coding.tensors import net_from, net_to, take
from litcodec.layers import LINEAR_BITS, UNIT

Floats = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int16]


class PixelParts(NamedTuple):
    """The layers, all 1x1; the same frozen or not."""

    head: nn.Conv2d
    blocks: list[nn.Module]
    out: nn.Conv2d  # parameters of the first channel, inputs of the others, three coefficients
    colours: list[nn.Module]  # of the second and the third channel
    last: list[nn.Module]
    unit: int = 1  # predictions and errors are multiples of 1 / unit of a grey level


class Hidden(NamedTuple):
    """What is known of n pixels before their first channel is."""

    first: Tensor  # (n, 3 * K), parameters
    own: tuple[Tensor, Tensor]  # (n, M), of the second and the third channel
    coefficients: Floats  # (n, 3)


class PixelNetwork:
    """Parameters of mixtures, channel by channel, as whole numbers in units of 2^-12.

    Args:
        nets: by name.
        asinh: int32, ``asinh(k / 4 / unit)`` in units of 2^-12, for k = -255 .. 1020 if the unit is 1, else
            for k = -255 * unit .. 255 * unit.
        unit: see ``PixelParts``.

    Raises:
        FreezeError: if something does not fit.
    """

    def __init__(self, nets: Mapping[str, FixedPointNet], asinh: Tensor, unit: int) -> None:
        entries = len(_differences(unit))
        if asinh.shape != (entries,) or not bool((asinh.abs() <= ACTIVATION_MAX).all()):
            raise FreezeError(f"asinh must have {entries} entries within +-2^24; got {tuple(asinh.shape)}.")
        self._nets, self._asinh, self.unit = dict(nets), asinh, unit
        self._table = asinh.double().numpy()
        self._head, self._out = _Layer(nets["head"], 0), _Layer(nets["out"])
        self._blocks = [_Layer(net, 0) for name, net in nets.items() if name.startswith("blocks.")]
        self._colours, self._last = (
            [_Layer(nets[f"{name}.{k}"]) for k in (0, 1)] for name in ("colours", "last")
        )
        self._parameters, self._own = len(nets["last.0"].bias), len(nets["colours.0"].bias)

    @classmethod
    def from_float(cls, parts: PixelParts) -> "PixelNetwork":
        """Make a trained network exact."""
        k = torch.tensor(_differences(parts.unit), dtype=torch.float64)
        asinh = torch.round(torch.asinh(k / (UNIT * parts.unit)) * 2.0**FRACTION_BITS).int()
        nets = {name: FixedPointNet.from_float(net) for name, net in _structures(parts).items()}
        return cls(nets, asinh, parts.unit)

    @classmethod
    def from_tensors(cls, parts: PixelParts, tensors: Mapping[str, Tensor]) -> "PixelNetwork":
        """Read back what ``tensors`` gave."""
        nets = {name: net_from(name, net, tensors) for name, net in _structures(parts).items()}
        return cls(nets, take(tensors, "asinh"), parts.unit)

    def tensors(self) -> dict[str, Tensor]:
        """What a codec file has to hold of it."""
        found = {"asinh": self._asinh}
        for name, net in self._nets.items():
            found.update(net_to(name, net))
        return found

    def asinh(self, differences: npt.NDArray[np.integer]) -> Floats:
        """Looked up; differences as they can be."""
        return np.take(self._table, differences + LEVEL_MAX * self.unit)

    def level(self, prediction: npt.NDArray[np.int64]) -> Floats:
        """Predictions as inputs, ``prediction / 128 - 1``."""
        levels: Floats = prediction.astype(np.float64)
        levels *= 2.0 ** (FRACTION_BITS - 7) / self.unit
        levels -= 2.0**FRACTION_BITS
        return levels

    def hidden(self, features: Floats) -> Hidden:
        """The layers that see the neighbours, given the inputs (n, INPUTS)."""
        h = self._head(torch.from_numpy(features))
        for block in self._blocks:
            h = h.add_(block(h)).clamp_max_(ACTIVATION_MAX)
        first, second, third, coefficients = torch.split(
            self._out(h), [self._parameters, self._own, self._own, 3], dim=1
        )
        return Hidden(first, (second, third), coefficients.numpy())

    def parameters(
        self, hidden: Hidden, errors: npt.NDArray[np.int64], coefficients: npt.NDArray[np.int64]
    ) -> Floats:
        """Parameters (n, 3 * K) of the next channel, given the errors (n, c) of those before.

        Args:
            hidden: of the pixels.
            errors: in parts of a grey level.
            coefficients: (3,), what the image adds to those of the network, in units of 2^-8.

        Returns:
            K logits, K means relative to the prediction, K log-scales.
        """
        c = errors.shape[1]
        if c == 0:
            found = hidden.first
        else:
            linear = errors * (2.0 ** (FRACTION_BITS - 5) / self.unit)
            seen = np.concatenate([self.asinh(errors), linear], axis=1)
            own = self._colours[c - 1](torch.from_numpy(seen)).add_(hidden.own[c - 1])
            found = self._last[c - 1](own.clamp_(0, ACTIVATION_MAX))
        parameters: Floats = found.numpy().copy()
        K = parameters.shape[1] // 3
        parameters[:, K : 2 * K] *= 4
        if c:
            of = slice(0, 1) if c == 1 else slice(1, 3)
            moved = hidden.coefficients[:, of] + coefficients[of] * 2.0 ** (FRACTION_BITS - LINEAR_BITS)
            shift = np.floor((moved * errors).sum(axis=1) / self.unit)
            parameters[:, K : 2 * K] += shift[:, None]
        return parameters


class _Layer:
    """``FixedPointNet.__call__`` of one 1x1 layer and its ReLU, in fewer passes.

    Args:
        net: of one layer.
        lowest: 0 with a ReLU.
    """

    def __init__(self, net: FixedPointNet, lowest: float = -ACTIVATION_MAX) -> None:
        (layer,) = net.layers
        self._bias, self._weight = layer.bias, layer.weight.flatten(1).T.contiguous()
        self._scale, self._lowest = 2.0**-layer.shift, lowest

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """For ``x`` (n, C) within +-2^24."""
        sums = torch.addmm(self._bias, x, self._weight)
        return sums.mul_(self._scale).round_().clamp_(self._lowest, ACTIVATION_MAX)


def _structures(parts: PixelParts) -> dict[str, nn.Sequential]:
    found = {"head": nn.Sequential(parts.head), "out": nn.Sequential(parts.out)}
    for name, layers in (("blocks", parts.blocks), ("colours", parts.colours), ("last", parts.last)):
        found |= {f"{name}.{k}": nn.Sequential(layer) for k, layer in enumerate(layers)}
    return found


def _differences(unit: int) -> range:
    """What asinh is tabulated for: a sum of four absolute errors too, or their mean if errors are finer."""
    highest = 4 * LEVEL_MAX if unit == 1 else LEVEL_MAX * unit
    return range(-LEVEL_MAX * unit, highest + 1)
