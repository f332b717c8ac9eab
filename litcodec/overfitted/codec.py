"""The codec of overfitted streams: a decoder that finds its networks in the stream.

There is one for all streams, so its fingerprint in the header is fixed. A stream has two strings: the
networks, see ``weights.py``, and the grids, see ``walk.py``.
"""

import copy
from collections.abc import Callable
from typing import NamedTuple, Protocol, Self

import numpy as np
import torch
from torch import Tensor

from litcodec.architecture import Architecture
from litcodec.errors import Corrupt, RateError, ShapeError, TooLarge
from litcodec.frozen.base import FrozenCodec, Resolution
from litcodec.frozen.padding import check_image
from litcodec.frozen.training_info import TrainingInfo
from litcodec.latent_coding import Coded
from litcodec.latent_coding.frozen_net import full_float32
from litcodec.overfitted import walk, weights
from litcodec.overfitted.choose_steps import choose_steps
from litcodec.overfitted.exact_network import ExactNetwork
from litcodec.overfitted.model import Networks
from litcodec.overfitted.presets import SIDE_MAX, grid_sizes, levels_for
from litcodec.overfitted.trainer import QUALITIES, Overfitter, Progress, Settings, digest_of, lmbda_of
from litcodec.types import Compressed

FINGERPRINT = b"overfit1"
ENCODER_TENSORS = ("networks", "grids", "digest")
DIGEST_BYTES = 4


class Written(NamedTuple):
    """An image as strings, and what they are worth."""

    strings: tuple[bytes, bytes]
    x_hat: Tensor  # (1, 3, H, W), in [0, 1], of the 8-bit image that a decoder makes
    grids: list[walk.Grid]
    mse: float
    loss: float  # MSE + weight * bpp of both strings


class FittedBefore(NamedTuple):
    """An image that was fitted before, and all that is left of the fit."""

    digest: int  # of the image's pixels
    strings: tuple[bytes, bytes]
    architecture: Architecture  # of the codec that was fitted


class FrozenOverfitted(FrozenCodec):
    """Fits networks to each image that it compresses.

    Args:
        settings: how.
        fitted: compress this image alone, and fit nothing.
    """

    def __init__(self, settings: Settings | None = None, fitted: FittedBefore | None = None) -> None:
        usual = Architecture("litcodec.overfitted.FrozenOverfitted", {})
        super().__init__(usual if fitted is None else fitted.architecture, 1)
        self.settings = Settings() if settings is None else settings
        self.fitted = fitted
        self.qualities = QUALITIES if fitted is None else None
        self.training = TrainingInfo(self.settings.lmbda, "mse")
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

    def at_quality(self, quality: float) -> "FrozenOverfitted":
        """The same with the lambda of a quality from 1 to 100.

        Raises:
            RateError: if an image was fitted before.
            OptionError: if there is no such quality.
        """
        return self._with(self.settings._replace(lmbda=lmbda_of(quality)))

    def aimed_at(self, bpp: float) -> "FrozenOverfitted":
        """The same, fitting to about a rate."""
        return self._with(self.settings._replace(bpp=bpp))

    def largest_within(self, x: Tensor, max_bytes: int) -> Compressed:
        """Not offered: one fit meets a rate approximately, and a search would take many.

        Raises:
            RateError: always.
        """
        raise RateError("an overfitted codec meets a rate approximately: litcodec.overfit(image, bpp=...).")

    def _with(self, settings: Settings) -> "FrozenOverfitted":
        if self.fitted is not None:
            raise RateError("this image was fitted before, at one rate.")
        return FrozenOverfitted(settings).to(self._device)

    def encode(self, x: Tensor) -> Coded:
        """Fit networks and grids to an image (1, 3, H, W), in minutes; ``y_hat`` is the finest grid.

        Raises:
            ShapeError: if another image was fitted before.
        """
        if self.fitted is None:
            written = run(Overfitter(x, self.settings, self._device))
            strings, grids = written.strings, written.grids
        elif digest_of(x) == self.fitted.digest:
            strings = self.fitted.strings
            _, grids = self._read(strings, check_image(x))
        else:
            raise ShapeError("this codec was fitted to another image, and compresses that one alone.")
        y_hat = torch.from_numpy(grids[0]).float()[None, None]
        return Coded(strings, y_hat, sum(grid.size for grid in grids), 0, 0)

    def decode(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """Decode an image, (1, 3, H, W), float32 in [0, 1]."""
        read, grids = self._read(strings, size)
        return reconstruct(read, grids, self._device).cpu()

    def decode_latents(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """Decode the finest grid, (1, 1, H, W)."""
        return torch.from_numpy(self._read(strings, size)[1][0]).float()[None, None]

    def bits(self, x: Tensor, resolution: Resolution | None = None) -> tuple[Tensor, ...]:
        """Fit ``x`` and count the bits of every symbol of each grid, (1, 1, h, w), the finest first."""
        return self.bits_of(self.encode(x).strings, check_image(x))

    def bits_of(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> tuple[Tensor, ...]:
        """Count the bits of every symbol of coded grids, (1, 1, h, w) each, the finest first."""
        read, grids = self._read(strings, size)
        found = walk.bits(grids, read.layout.first, exact_network(read), read.layout.preset.context)
        return tuple(torch.from_numpy(bits)[None, None] for bits in found)

    def decoder_tensors(self) -> dict[str, Tensor]:
        """No tensors: all that decoding needs is in the stream."""
        return {}

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The strings of an image that was fitted before, as bytes; else no tensors."""
        if self.fitted is None:
            return {}
        digest = self.fitted.digest.to_bytes(DIGEST_BYTES, "little")
        held = zip(ENCODER_TENSORS, (*self.fitted.strings, digest), strict=True)
        return {name: torch.from_numpy(np.frombuffer(data, np.uint8).copy()) for name, data in held}

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
    try:
        while fit.fraction < 1:
            progress = fit.step()
            if callback is not None:
                callback(progress)
    except KeyboardInterrupt:
        fit.interrupted = True
    return best_of(fit)


def best_of(fit: Overfitter) -> Written:
    """What a fit has come to, with the networks of now or with those before symbols were rounded."""
    last, before = write(fit), fit.networks_before_rounding
    found = last if before is None else write(fit, before)
    return last if last.loss <= found.loss else found


class Fitted(Protocol):
    """Networks and grids of an image: what ``write`` needs of a fit."""

    networks: Networks
    levels: int
    finest: int  # the finest grid that is coded

    @property
    def weight(self) -> float:
        """Of a bit per pixel, beside the MSE on [0, 1]."""

    @property
    def x(self) -> Tensor:
        """The image, (1, 3, H, W) in [0, 1]."""

    def symbols(self) -> list[Tensor]:
        """The grids, rounded, (h, w) each, the finest first."""


def write(fit: Fitted, networks: Networks | None = None) -> Written:
    """Networks and grids as strings; a fit may go on afterwards.

    Args:
        fit: where the grids are from.
        networks: instead of its own.

    Raises:
        FreezeError: if the format has no words for the networks.
    """
    x, first = fit.x, fit.finest
    networks = copy.deepcopy(networks or fit.networks)
    layout = weights.Layout(weights.sizes_of(networks), fit.levels, first)
    grids = [walk.clipped(grid.cpu().long().numpy()) for grid in fit.symbols()]
    y = [torch.from_numpy(grid).float().to(x.device) for grid in grids]
    groups = choose_steps(networks, y, x, fit.weight, first)
    read = weights.Read(layout, networks, groups)
    strings = (
        weights.write(layout, groups),
        walk.encode(grids, first, exact_network(read), layout.preset.context),
    )
    x_hat = (reconstruct(read, grids, x.device) * 255).round() / 255
    mse = float((x_hat - x).square().mean())
    bpp = 8 * sum(map(len, strings)) / x[0, 0].numel()
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
