"""The networks of one image, and what a step of training computes, strip by strip.

Activations of a whole image would not fit the processor's cache; those of a strip of rows do, which makes a
step about twice as fast. So each strip is run forwards and backwards at once, and the gradients are summed.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.ops.doubling import REACH
from litcodec.overfitted.entropy_network import ABOVE, EntropyNetwork, features_of, surround
from litcodec.overfitted.presets import Preset
from litcodec.overfitted.synthesis import Synthesis
from litcodec.overfitted.upsampling import Upsampling

STRIP = 2**16  # pixels, about


class Networks(nn.Module):
    """The three networks of a stream.

    Args:
        preset: their sizes.
        levels: how many grids there are.
    """

    def __init__(self, preset: Preset, levels: int) -> None:
        super().__init__()
        self.upsampling = Upsampling(levels)
        self.synthesis = Synthesis(levels=levels, width=preset.synthesis_width, residuals=preset.residuals)
        self.entropy = EntropyNetwork(
            context=preset.context, width=preset.entropy_width, layers=preset.entropy_layers
        )

    def reconstruct(self, y: list[Tensor]) -> Tensor:
        """The image (1, 3, H, W) of the grids, (h, w) each, the finest first."""
        H, W = y[0].shape
        u = self.coarse(y)
        return torch.cat(
            [self.strip(y[0], u, a, min(a + rows_of(W), H)) for a in range(0, H, rows_of(W))], dim=2
        )

    def coarse(self, y: list[Tensor]) -> Tensor:
        """All grids but the finest at half of the image's size, (levels - 1, h, w)."""
        u = y[-1][None]
        for level in range(len(y) - 2, 0, -1):
            u = torch.cat([y[level][None], self.upsampling(u, level, *y[level].shape)])
        return u

    def strip(self, finest: Tensor, u: Tensor, a: int, b: int) -> Tensor:
        """Rows a to b of the image, (1, 3, b - a, W).

        Args:
            finest: the finest grid, (H, W).
            u: what ``coarse`` gave.
            a: even.
            b: even, or H.
        """
        window = self.window(finest.shape[0], a, b)
        return self.render(finest[window.fine], u[:, window.half], window)

    def window(self, H: int, a: int, b: int) -> "Window":
        """What rows a to b of an image of H rows are made of."""
        reach = self.synthesis.reach + self.synthesis.reach % 2
        first, last = max(0, a - reach), min(H, b + reach)
        top, bottom, half = first // 2 - REACH, -(-last // 2) + REACH, -(-H // 2)
        return Window(
            slice(first, last),
            slice(max(0, top), min(half, bottom)),
            (max(0, -top), max(0, bottom - half)),
            slice(a - first, b - first),
        )

    def render(self, finest: Tensor, u: Tensor, window: "Window", *, taught: bool = True) -> Tensor:
        """The rows of a window, given the rows of the finest grid and of the others that it needs."""
        rows, W = finest.shape
        padded = F.pad(u[None], (REACH, REACH, *window.beyond), mode="replicate")[0]
        doubled = self.upsampling.doubled(padded, 0, taught=taught)[:, :rows, :W]
        made: Tensor = self.synthesis(torch.cat([finest[None], doubled]))
        return made[:, :, window.kept]


class Window(NamedTuple):
    """Rows of an image."""

    fine: slice  # of the finest grid that they need
    half: slice  # of the others
    beyond: tuple[int, int]  # how many of these are missing above and below, beyond the border
    kept: slice  # which of the rows made are those asked for


def rows_of(W: int) -> int:
    """How many rows a strip has; even."""
    return max(2, STRIP // W // 2 * 2)


class StepResult(NamedTuple):
    """What one step of training found."""

    mse: float  # on [0, 1]
    bits: float


def backward(networks: Networks, y: list[Tensor], x: Tensor, weight: float, first: int = 0) -> StepResult:
    """Add the gradients of ``MSE + weight * bpp`` to those of the networks and of what ``y`` is made of.

    Args:
        networks: to be trained.
        y: grids, (h, w) each, the finest first.
        x: the image (1, 3, H, W), in [0, 1].
        weight: of a bit per pixel.
        first: the finest grid that is coded; those before it are 0.
    """
    pixels = x.shape[2] * x.shape[3]
    u = networks.coarse(y)
    mse, gradients = _distortion(networks, y[0], u, x)
    bits = 0.0
    for level in range(first, len(y)):
        padded, features = surround(y[level]), features_of(y, level)
        found, of_padded, of_features = _rate(networks.entropy, padded, features, weight / pixels)
        bits += found
        gradients += [(padded, of_padded), (features, of_features)]
    used = [(tensor, gradient) for tensor, gradient in gradients if tensor.requires_grad]
    if used:
        torch.autograd.backward([tensor for tensor, _ in used], [gradient for _, gradient in used])
    return StepResult(mse, bits)


def _distortion(
    networks: Networks, finest: Tensor, u: Tensor, x: Tensor
) -> tuple[float, list[tuple[Tensor, Tensor]]]:
    _, _, H, W = x.shape
    of_finest, of_u = torch.zeros_like(finest), torch.zeros_like(u)
    total = 0.0
    starts = range(0, H, rows_of(W))
    taught = int(torch.randint(len(starts), ()))  # one strip is enough for a filter of four taps
    for k, a in enumerate(starts):
        b = min(a + rows_of(W), H)
        window = networks.window(H, a, b)
        fine, half = (t.detach().requires_grad_() for t in (finest[window.fine], u[:, window.half]))
        made = networks.render(fine, half, window, taught=k == taught)
        error = made.detach() - x[:, :, a:b]
        total += float(torch.vdot(error.flatten(), error.flatten()))
        made.backward(error.mul_(2 / x.numel()))  # type: ignore[no-untyped-call]
        assert fine.grad is not None
        assert half.grad is not None
        of_finest[window.fine] += fine.grad
        of_u[:, window.half] += half.grad
    return total / x.numel(), [(finest, of_finest), (u, of_u)]


def _rate(
    network: EntropyNetwork, padded: Tensor, features: Tensor, weight: float
) -> tuple[float, Tensor, Tensor]:
    _, h, w = features.shape
    of_padded, of_features = torch.zeros_like(padded), torch.zeros_like(features)
    total = 0.0
    rows = max(1, STRIP // w)
    for a in range(0, h, rows):
        b = min(a + rows, h)
        some = padded[a : b + ABOVE].detach().requires_grad_()
        about = features[:, a:b].detach().requires_grad_()
        bits = network.bits(some, about)
        bits.backward(bits.new_tensor(weight))  # type: ignore[no-untyped-call]
        assert some.grad is not None
        assert about.grad is not None
        of_padded[a : b + ABOVE] += some.grad
        of_features[:, a:b] += about.grad
        total += float(bits.detach())
    return total, of_padded, of_features
