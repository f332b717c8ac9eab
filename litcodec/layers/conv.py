"""The convolutions used by all transforms."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.errors import ShapeError

WIDTH_MAX = 2**16 - 1  # of an argument
LAYER_MAX = 2**20 - 1  # of what papers make of it, such as 3/2 M
FEW = 8  # channels; with more a transposed convolution is as fast


class FullPrecisionConv2d(nn.Conv2d):
    """A convolution that stays in float32 under autocast.

    The last layer before the latent: in bfloat16 a latent of 100 would sit on a grid of 0.5 and the rate
    estimate would describe that grid instead of the latent.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) as of ``nn.Conv2d``, in float32 whatever autocast says."""
        if x.is_meta:  # which autocast does not know
            return super().forward(x.float())
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            if self.kernel_size == self.stride and self.padding == (0, 0) and _as_products(x):
                x = F.pixel_unshuffle(x, self.stride[0]).permute(0, 2, 3, 1)
                return F.linear(x, self.weight.flatten(1), self.bias).permute(0, 3, 1, 2)
            return super().forward(x)


def _as_products(x: Tensor) -> bool:
    """Whether matrix products replace convolutions that are no more: on one thread torch is slow at those."""
    return not torch.is_grad_enabled() and x.device.type == "cpu"


class PointwiseConv2d(nn.Conv2d):
    """A convolution with 1x1 kernels.

    On one thread torch takes those of a channels-last tensor apart and puts them together again, which takes
    longer than the product itself. Where no gradient is needed it is computed as the product that it is.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) as of ``nn.Conv2d``, but for the order of sums."""
        if not _as_products(x):
            return super().forward(x)
        return F.linear(x.permute(0, 2, 3, 1), self.weight.flatten(1), self.bias).permute(0, 3, 1, 2)


class SubPixelDeconv2d(nn.ConvTranspose2d):
    """A transposed convolution to few channels, such as an image's three, or without overlap.

    On a CPU those run at a fifth of a convolution's speed. Where no gradient is needed it is computed as what
    it also is: a convolution that gives each output pixel of a ``stride`` x ``stride`` square a channel of
    its own (Shi et al., "Real-time single image and video super-resolution", CVPR 2016, arXiv 1609.05158).
    """

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(B, C, s h, s w) as of ``nn.ConvTranspose2d``, but for the order of sums."""
        if not _as_products(x):
            return super().forward(x, output_size)
        step = self.stride[0]
        weight = self._of_sub_pixels()
        bias = None if self.bias is None else self.bias.repeat_interleave(step**2)
        if weight.shape[2] == 1:  # without overlap: see ``PointwiseConv2d``
            x = F.linear(x.permute(0, 2, 3, 1), weight.flatten(1), bias).permute(0, 3, 1, 2)
            return F.pixel_shuffle(x, step)
        return F.pixel_shuffle(F.conv2d(x, weight, bias, padding=weight.shape[2] // 2), step)

    def _of_sub_pixels(self) -> Tensor:
        """(C' * stride^2, C, 2 * reach + 1, 2 * reach + 1): what each sub-pixel takes of the pixels about."""
        size, step, padding = self.kernel_size[0], self.stride[0], int(self.padding[0])
        reach = (step - 1 + padding) // step
        before = step * reach - padding
        after = step * (2 * reach + 1) - size - before
        weight = F.pad(self.weight, (before, after, before, after))
        inputs, taps = self.in_channels, 2 * reach + 1
        weight = weight.reshape(inputs, -1, taps, step, taps, step).flip(2, 4).permute(1, 3, 5, 0, 2, 4)
        return weight.reshape(-1, inputs, taps, taps).contiguous(memory_format=torch.channels_last)


def check_width(*channels: int, most: int = WIDTH_MAX) -> None:
    """Raise ``ShapeError`` if a number of channels is not 1 to ``most``."""
    for count in channels:
        if not 1 <= count <= most:
            raise ShapeError(f"a number of channels is 1 to {most:,}; got {count}.")


def conv(
    in_channels: int, out_channels: int, *, kernel_size: int = 5, stride: int = 2, groups: int = 1
) -> nn.Conv2d:
    """A convolution that divides H and W by ``stride``; 5x5/2 by default."""
    check_width(in_channels, out_channels, most=LAYER_MAX)
    return nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, groups=groups)


def deconv(
    in_channels: int, out_channels: int, *, kernel_size: int = 5, stride: int = 2, groups: int = 1
) -> nn.ConvTranspose2d:
    """A transposed convolution that multiplies H and W by ``stride``."""
    check_width(in_channels, out_channels, most=LAYER_MAX)
    kind = SubPixelDeconv2d if out_channels <= FEW and groups == 1 else nn.ConvTranspose2d
    return kind(
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding=kernel_size // 2,
        output_padding=stride - 1,
        groups=groups,
    )


def layers_of(net: nn.Sequential) -> list[nn.Module]:
    """The layers in the order in which they run, those of nested ``nn.Sequential`` one by one."""
    found: list[nn.Module] = []
    for module in net:
        found.extend(layers_of(module) if type(module) is nn.Sequential else [module])
    return found


def convolutions_of(net: nn.Sequential) -> list[nn.Conv2d | nn.ConvTranspose2d]:
    """Those of ``layers_of`` that are convolutions; not what residual blocks have inside."""
    return [m for m in layers_of(net) if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d))]


def initialise_conv(module: nn.Conv2d | nn.ConvTranspose2d, *, gain: float = 1.0) -> None:
    """Weights whose sums have ``gain`` times the standard deviation of what comes in; no bias."""
    if not module.weight.is_meta:  # torch would import its compiler, and for nothing
        nn.init.normal_(module.weight, std=gain * _inputs(module) ** -0.5)
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def _inputs(module: nn.Conv2d | nn.ConvTranspose2d) -> float:
    """How many products an output value is the sum of."""
    taps = module.kernel_size[0] * module.kernel_size[1]
    overlap = module.stride[0] * module.stride[1] if isinstance(module, nn.ConvTranspose2d) else 1
    return module.in_channels // module.groups * taps / overlap
