"""A small convolutional network in fixed point, exact on every machine.

Everything is an integer carried in float64. Weights and activations sit on binary grids, and for every layer
``(largest sum of absolute weights) * (largest activation) + bias < 2^52`` is checked when the network is
built. So every partial sum is an integer below 2^53, float64 holds it exactly, and the order of summation,
the number of threads, the batch size and fused multiply-adds cannot change a bit. It runs on the CPU, where
float64 convolutions are plain matrix products (a Winograd or FFT convolution would break the argument).
Powers of two come from ``ldexp``: ``2.0**-k`` may be another number under another rounding mode.

The idea of integer networks for what decides probabilities: Ballé, Johnston, Minnen, "Integer networks for
data compression with latent-variable models", ICLR 2019.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.errors import FreezeError
from litcodec.layers import convolutions_of, layers_of

FRACTION_BITS = 12  # activations are multiples of 2^-12
ACTIVATION_MAX = 2.0**24  # in units of 2^-12, so +-4096
ACCUMULATOR_MAX = 2.0**52
WEIGHT_BITS_MAX = 20
SLOPE_BITS = 16


class FixedPointLayer(NamedTuple):
    """One convolution's integers."""

    weight: Tensor  # float64 holding integers, shaped as the layer's weight
    bias: Tensor  # float64 holding integers on the grid 2^-(FRACTION_BITS + shift)
    shift: int  # the weights' grid is 2^-shift


class FixedPointNet:
    """Runs a trained ``nn.Sequential`` of convolutions, pixel shuffles, (leaky) ReLUs in exact fixed point.

    Args:
        structure: the network, in which ``nn.Sequential`` may be nested: kinds, strides, paddings and slopes.
            Its weights are not used.
        layers: the integers of each convolution, in order.

    Raises:
        FreezeError: if the structure holds another kind of layer, or a bound is exceeded.
    """

    def __init__(self, structure: nn.Sequential, layers: list[FixedPointLayer]) -> None:
        self.structure = layers_of(structure)
        self.layers = layers
        convolutions = convolutions_of(structure)
        self.channels = convolutions[0].in_channels if convolutions else 0  # C of what comes in
        if len(convolutions) != len(layers):
            raise FreezeError(f"{len(convolutions)} convolutions but {len(layers)} fixed-point layers.")
        for module, layer in zip(convolutions, layers, strict=True):
            if layer.weight.shape != module.weight.shape or layer.bias.shape != (module.out_channels,):
                raise FreezeError(
                    f"{tuple(layer.weight.shape)} weights, {tuple(layer.bias.shape)} biases: not {module}."
                )
            if not 0 <= layer.shift <= WEIGHT_BITS_MAX or _reach(module, layer) >= ACCUMULATOR_MAX:
                raise FreezeError(f"{module} does not fit 52-bit sums with shift {layer.shift}.")
        for other in self.structure:
            if not isinstance(other, (nn.Conv2d, nn.ConvTranspose2d, nn.PixelShuffle, nn.ReLU, nn.LeakyReLU)):
                raise FreezeError(f"no fixed-point form of {type(other).__name__} is known.")
            if isinstance(other, nn.LeakyReLU) and not 0 <= other.negative_slope <= 1:
                raise FreezeError(f"no fixed-point form of {other} is known: its slope.")
        if not isinstance(next(iter(self.structure), None), (nn.Conv2d, nn.ConvTranspose2d)):
            raise FreezeError("a fixed-point network begins with a convolution.")
        for module in convolutions:
            dilated = isinstance(module, nn.ConvTranspose2d) and module.dilation != (1, 1)
            if dilated or module.padding_mode != "zeros":
                raise FreezeError(f"no fixed-point form of {module} is known: dilation or padding mode.")

    @classmethod
    def from_float(cls, net: nn.Sequential) -> "FixedPointNet":
        """Round a trained network's weights, each layer as finely as its bound allows.

        Raises:
            FreezeError: if a weight is not finite or too large for any grid.
        """
        return cls(net, [_quantise(module) for module in convolutions_of(net)])

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """Apply the network.

        Args:
            x: (B, C, h, w), float64 on the CPU, integers in units of ``2^-FRACTION_BITS``. If all kernels are
                1x1 also (n, C): n places, wherever they lie.

        Returns:
            (B, C', h', w') or (n, C'), float64 integers in the same units, within +-``ACTIVATION_MAX``.
        """
        first = self.structure[0]
        assert isinstance(first, (nn.Conv2d, nn.ConvTranspose2d))
        return self.finish(_convolve(first, self.layers[0], x.clamp(-ACTIVATION_MAX, ACTIVATION_MAX)))

    def share(self, first: int, last: int) -> Tensor:
        """The first layer's weights of some input channels, (last - first, C1), for networks of 1x1 kernels.

        Values of these channels, (n, last - first) and within +-``ACTIVATION_MAX``, times these weights are
        what they add to the first layer's sums. Sums are exact: it does not matter when which share is added.
        """
        return self.layers[0].weight.flatten(1)[:, first:last].contiguous().T

    @property
    def bias(self) -> Tensor:
        """What no share holds of the first layer's sums, (C1,)."""
        return self.layers[0].bias

    @torch.no_grad()
    def finish(self, sums: Tensor) -> Tensor:
        """The rest of ``__call__`` after the first layer's sums, which are overwritten."""
        x, layers = sums, iter(self.layers)
        for k, module in enumerate(self.structure):
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                layer = next(layers)
                x = _convolve(module, layer, x) if k else x
                # A new tensor, as large as any: no copies of it.
                x = x.mul_(math.ldexp(1.0, -layer.shift)).round_().clamp_(-ACTIVATION_MAX, ACTIVATION_MAX)
            elif isinstance(module, nn.LeakyReLU):
                slope = round(module.negative_slope * 2**SLOPE_BITS)
                x = torch.maximum(x, (x * math.ldexp(slope, -SLOPE_BITS)).round_())  # slopes are below 1
            elif isinstance(module, nn.PixelShuffle):
                x = module(x)
            else:
                x = x.clamp_min(0)
        return x


def _convolve(module: nn.Conv2d | nn.ConvTranspose2d, layer: FixedPointLayer, x: Tensor) -> Tensor:
    if x.dim() == 2:
        return F.linear(x, layer.weight.flatten(1), layer.bias)
    stride, padding = _pair(module.stride), _pair(module.padding)
    if isinstance(module, nn.ConvTranspose2d):
        extra = _pair(module.output_padding)
        return F.conv_transpose2d(x, layer.weight, layer.bias, stride, padding, extra, module.groups)
    return F.conv2d(x, layer.weight, layer.bias, stride, padding, _pair(module.dilation), module.groups)


def _pair(value: str | tuple[int, ...]) -> tuple[int, ...]:
    if isinstance(value, str):
        raise FreezeError(f"padding {value!r} has no fixed-point form; give it as a number.")
    return value


def _reach(module: nn.Conv2d | nn.ConvTranspose2d, layer: FixedPointLayer) -> float:
    """The largest absolute sum the layer can meet."""
    sums = layer.weight.abs().sum((2, 3))
    if isinstance(module, nn.ConvTranspose2d):  # (C, C' / groups), a group's inputs one after the other
        of_outputs = sums.reshape(module.groups, -1, sums.shape[1]).sum(1).flatten()
    else:
        of_outputs = sums.sum(1)
    return float((of_outputs * ACTIVATION_MAX + layer.bias.abs()).max())


def _quantise(module: nn.Conv2d | nn.ConvTranspose2d) -> FixedPointLayer:
    weight = module.weight.detach().cpu().double()
    bias = torch.zeros(module.out_channels, dtype=torch.float64)
    if module.bias is not None:
        bias = module.bias.detach().cpu().double()
    if not (weight.isfinite().all() and bias.isfinite().all()):
        raise FreezeError(f"{module} has weights that are not finite; the codec has diverged.")
    for shift in range(_finest_shift(weight), -1, -1):
        layer = FixedPointLayer(
            torch.round(weight * 2**shift), torch.round(bias * 2 ** (FRACTION_BITS + shift)), shift
        )
        if _reach(module, layer) < ACCUMULATOR_MAX:
            return layer
    raise FreezeError(
        f"{module} has weights up to {float(weight.abs().max()):.3g}, too large for fixed point."
    )


def _finest_shift(weight: Tensor) -> int:
    """Beyond which nothing is won: of weights that have been rounded before, the smallest that holds them."""
    for shift in range(WEIGHT_BITS_MAX):
        scaled = weight * 2**shift
        if torch.equal(scaled, scaled.round()):
            return shift
    return WEIGHT_BITS_MAX
