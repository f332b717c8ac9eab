"""The codec of overfitted streams: a decoder that finds its networks in the stream.

There is one for all streams, so its fingerprint in the header is fixed. A stream has two strings: the
networks, see ``weights.py``, and the grids, see ``walk.py``.
"""

import copy
from collections.abc import Callable
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from litcodec.architecture import Architecture
from litcodec.errors import Corrupt, TooLarge
from litcodec.frozen.base import FrozenCodec, Resolution
from litcodec.frozen.padding import check_image
from litcodec.latent_coding import Coded
from litcodec.latent_coding.frozen_net import full_float32
from litcodec.overfitted import walk, weights
from litcodec.overfitted.choose_steps import choose_steps
from litcodec.overfitted.exact_network import ExactNetwork
from litcodec.overfitted.presets import SIDE_MAX, grid_sizes, levels_for, preset_named
from litcodec.overfitted.trainer import HARD_FROM, Overfitter, Progress, Settings

FINGERPRINT = b"overfit1"


class Written(NamedTuple):
    """An image as strings, and what they are worth."""

    strings: tuple[bytes, bytes]
    x_hat: Tensor  # (1, 3, H, W), in [0, 1], of the 8-bit image that a decoder makes
    grids: list[walk.Grid]
    mse: float
    loss: float  # MSE + weight * bpp of both strings


class FrozenOverfitted(FrozenCodec):
    """Fits networks to each image that it compresses.

    Args:
        settings: how.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(Architecture("litcodec.overfitted.FrozenOverfitted", {}), 1)
        self.settings = Settings() if settings is None else settings
        self._device = torch.device("cpu")

    @property
    def fingerprint(self) -> bytes:
        """The one fingerprint of all overfitted streams."""
        return FINGERPRINT

    @property
    def device(self) -> torch.device:
        """Where images are fitted, and the synthesis runs."""
        return self._device

    def to(self, device: torch.device | str) -> Self:
        """Fit and decode on ``device`` from now on; returns the codec itself."""
        self._device = torch.device(device)
        return self

    @property
    def string_count(self) -> int:
        """2: the networks and the symbols."""
        return 2

    def encode(self, x: Tensor) -> Coded:
        """Fit networks and grids to an image (1, 3, H, W), in minutes; ``y_hat`` is the finest grid."""
        written = run(Overfitter(x, self.settings, self._device))
        return Coded(
            written.strings,
            torch.from_numpy(written.grids[0]).float()[None, None],
            sum(grid.size for grid in written.grids),
            0,
            0,
        )

    def decode(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """Decode an image, (1, 3, H, W), float32 in [0, 1]."""
        read, grids = self._read(strings, size)
        return reconstruct(read, grids, self._device).cpu()

    def decode_latents(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """Decode the finest grid, (1, 1, H, W)."""
        return torch.from_numpy(self._read(strings, size)[1][0]).float()[None, None]

    def bits(self, x: Tensor, resolution: Resolution | None = None) -> tuple[Tensor, ...]:
        """Fit ``x`` and count the bits of every symbol of each grid, (1, 1, h, w), the finest first."""
        strings = self.encode(x).strings
        read, grids = self._read(strings, check_image(x))
        found = walk.bits(grids, read.layout.first, exact_network(read), read.layout.preset.context)
        return tuple(torch.from_numpy(bits)[None, None] for bits in found)

    def decoder_tensors(self) -> dict[str, Tensor]:
        """No tensors: all that decoding needs is in the stream."""
        return {}

    def encoder_tensors(self) -> dict[str, Tensor]:
        """No tensors."""
        return {}

    def _read(
        self, strings: tuple[bytes, ...], size: tuple[int, int]
    ) -> tuple[weights.Read, list[walk.Grid]]:
        self._check_number(strings)
        if max(size) > SIDE_MAX:
            raise TooLarge(
                f"{size[0]} x {size[1]} pixels; an overfitted image's sides are {SIDE_MAX} at most."
            )
        networks, symbols = strings
        read = weights.read(networks)
        layout = read.layout
        if layout.levels != levels_for(*size):
            raise Corrupt(f"{layout.levels} grids, but an image of this size has {levels_for(*size)}.")
        sizes = grid_sizes(*size, layout.levels)
        return read, walk.decode(symbols, sizes, layout.first, exact_network(read), layout.preset.context)


def run(fit: Overfitter, callback: Callable[[Progress], None] | None = None) -> Written:
    """Take a fit to its end, or to a ``KeyboardInterrupt`` of the callback or the user.

    Returns:
        The best of what it came to before symbols were rounded and at the end, by real bytes.
    """
    best = None
    try:
        while fit.fraction < 1:
            if best is None and fit.fraction >= HARD_FROM:
                best = write(fit)
            progress = fit.step()
            if callback is not None:
                callback(progress)
    except KeyboardInterrupt:
        fit.interrupted = True
    last = write(fit)
    return last if best is None or last.loss <= best.loss else best


def write(fit: Overfitter) -> Written:
    """What a fit has come to, as strings; the fit may go on afterwards."""
    x, first = fit.x, fit.finest
    networks = copy.deepcopy(fit.networks)
    grids = [walk.clipped(grid.cpu().long().numpy()) for grid in fit.symbols()]
    y = [torch.from_numpy(grid).float().to(x.device) for grid in grids]
    groups = choose_steps(networks, y, x, fit.weight, first)
    layout = weights.Layout(preset_named(fit.settings.preset), fit.levels, first)
    read = weights.Read(layout, networks, groups)
    strings = (
        weights.write(layout, groups),
        walk.encode(grids, first, exact_network(read), layout.preset.context),
    )
    x_hat = (reconstruct(read, grids, x.device) * 255).round() / 255
    mse = float((x_hat - x).square().mean())
    bpp = 8 * sum(map(len, strings)) / fit.pixels
    return Written(strings, x_hat, grids, mse, mse + fit.weight * bpp)


def reconstruct(read: weights.Read, grids: list[walk.Grid], device: torch.device) -> Tensor:
    """The image (1, 3, H, W) of decoded grids, in [0, 1]."""
    networks = read.networks.to(device)
    with full_float32(device):
        y = [torch.from_numpy(np.ascontiguousarray(grid)).float().to(device) for grid in grids]
        return networks.reconstruct(y).clamp(0, 1)


def exact_network(read: weights.Read) -> ExactNetwork:
    """The entropy network that was read, in fixed point."""
    # Weights and biases lie on grids of their own; the finer one has both.
    shift = max(read.groups[0].shift, read.groups[1].shift - 12)
    return ExactNetwork(read.networks.entropy, shift)
