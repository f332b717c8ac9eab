"""Volumes of centres <-> strings, each value given those before it, in a wavefront through the volume.

All places of equal ``4 * channel + 2 * row + column`` are one step. The network runs in fixed point, so an
encoder, which knows all places, and a decoder, which knows a step more at a time, find the same integers.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from litcodec.coding import ChoiceDecoder, ChoiceEncoder, choice_bits, choice_weights
from litcodec.entropy import Codebook, FixedPointNet
from litcodec.entropy.fixed_point import ACTIVATION_MAX, FRACTION_BITS
from litcodec.errors import FreezeError
from litcodec.latent_coding.base import Coded
from litcodec.latent_coding.codebook import centres_of, looked_up, with_centres
from litcodec.latent_coding.step_limit import check_steps
from litcodec.latent_coding.tensors import net_from, net_to, take
from litcodec.layers import STRICTLY_BEFORE, UP_TO_NOW, VOLUME_SLOPES

AT_ONCE = 16384  # places; bounds memory, changes no byte

Places = npt.NDArray[np.int64]
Symbols = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


class VolumeNets(NamedTuple):
    """The layers as 1x1 convolutions over what they see, in their order."""

    first: nn.Module
    inside: nn.Module
    back: nn.Module
    last: nn.Module


class VolumeCoder:
    """Codes the number of each value's centre. A ``LatentCoder``.

    Args:
        codebook: the centres, single values.
        nets: of ``VolumeNets``, in fixed point.
        values: (L,), int32, the centres in units of 2^-12: what the network sees.
        channels: K.

    Raises:
        FreezeError: if something does not fit.
    """

    string_count = 1
    stride = 1

    def __init__(
        self, codebook: Codebook, nets: tuple[FixedPointNet, ...], values: Tensor, channels: int
    ) -> None:
        self.codebook = copy.deepcopy(codebook).cpu().float().eval().requires_grad_(False)
        L = len(self.codebook.centres)
        if values.shape != (L,) or not bool((values.abs() <= ACTIVATION_MAX).all()):
            raise FreezeError(f"{L} centres need as many values within +-2^24; got {tuple(values.shape)}.")
        self._nets, self._values, self._levels = nets, values, values.double().numpy()
        self._channels = channels
        self._features = len(nets[0].layers[0].bias)

    @classmethod
    def from_float(cls, codebook: Codebook, nets: VolumeNets, channels: int) -> "VolumeCoder":
        """Make a trained model exact."""
        centres = centres_of(codebook)[:, 0].double().cpu()
        values = torch.round(centres * 2.0**FRACTION_BITS).clamp(-ACTIVATION_MAX, ACTIVATION_MAX).int()
        return cls(
            codebook, tuple(FixedPointNet.from_float(nn.Sequential(net)) for net in nets), values, channels
        )

    @classmethod
    def from_tensors(
        cls, tensors: Mapping[str, Tensor], codebook: Codebook, nets: VolumeNets, channels: int
    ) -> "VolumeCoder":
        """Read back what ``decoder_tensors`` gave."""
        made = tuple(net_from(f"context.{k}", nn.Sequential(net), tensors) for k, net in enumerate(nets))
        return cls(with_centres(codebook, tensors), made, take(tensors, "context.values"), channels)

    def decoder_tensors(self) -> dict[str, Tensor]:
        """All tensors that a decoder needs, by name."""
        found = {"codebook.centres": self.codebook.centres.detach().clone(), "context.values": self._values}
        for k, net in enumerate(self._nets):
            found.update(net_to(f"context.{k}", net))
        return found

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that only ``encode`` depends on: nothing."""
        return {}

    def to(self, device: torch.device | str) -> None:
        """Do nothing: all of it stays on the CPU."""

    def with_rdoq(self, rdoq_lambda: float) -> "VolumeCoder":
        """Raises ``FreezeError``: RDOQ needs a Gaussian for every latent."""
        raise FreezeError("RDOQ needs a Gaussian for every latent; this codec has a codebook.")

    def bits(self, y: Tensor) -> tuple[Tensor, ...]:
        """The information content of every symbol, in bits, shaped like its latent."""
        symbols, volume = self._known(y)
        bits = np.empty(symbols.shape, np.float32)
        for at in volume.batches():
            bits[volume.inner(at)] = choice_bits(symbols[volume.inner(at)], self._weights(volume, at))
        return (torch.from_numpy(bits).reshape(y.shape),)

    def encode(self, y: Tensor) -> Coded:
        """Code ``y`` (1, M, h, w); raises ``FreezeError`` if a latent is not finite."""
        symbols, volume = self._known(y)
        encoder = ChoiceEncoder()
        for at in volume.batches():
            encoder.encode(symbols[volume.inner(at)], self._weights(volume, at))
        y_hat = looked_up(self.codebook, torch.from_numpy(symbols).reshape(y.shape))
        return Coded((encoder.finish(),), y_hat, symbols.size, 0, 0)

    def decode(self, strings: tuple[bytes, ...], h: int, w: int) -> Tensor:
        """The ``y_hat`` (1, M, h, w) that ``encode`` reported; raises ``Corrupt`` for other strings."""
        channels = self._channels
        decoder = ChoiceDecoder(strings[0], channels * h * w, len(self._levels))  # before memory is taken
        volume = _Volume.blank((channels, h, w), self._features)
        symbols = np.empty(channels * h * w, np.int32)
        for at in volume.steps():
            found = decoder.decode(self._weights(volume, at))
            symbols[volume.inner(at)] = found
            volume.values[at, 0] = self._levels[found]
        decoder.finish()
        return looked_up(self.codebook, torch.from_numpy(symbols).reshape(1, channels, h, w))

    def _known(self, y: Tensor) -> tuple[Symbols, "_Volume"]:
        """The numbers of the nearest centres, (K * h * w,), and the volume that holds them."""
        if not y.isfinite().all():
            raise FreezeError(
                "the analysis transform gave latents that are not finite; the codec has diverged."
            )
        symbols = self.codebook.nearest(y.cpu().float())[0].int().numpy()
        volume = _Volume.blank(symbols.shape, self._features)
        volume.inside()[..., 0] = self._levels[symbols]
        return symbols.reshape(-1), volume

    def _weights(self, volume: "_Volume", at: Places) -> Floats:
        """Of the centres at n places whose predecessors are known, (n, L)."""
        first, inside, back, last = self._nets
        volume.first[at] = first(volume.seen(volume.values, at, STRICTLY_BEFORE)).clamp_min_(0).numpy()
        volume.middle[at] = inside(volume.seen(volume.first, at, UP_TO_NOW)).clamp_min_(0).numpy()
        returned = back(volume.seen(volume.middle, at, UP_TO_NOW)).numpy() + volume.first[at]
        volume.sums[at] = np.clip(returned, -ACTIVATION_MAX, ACTIVATION_MAX)
        return choice_weights(last(volume.seen(volume.sums, at, UP_TO_NOW)).numpy())


class _Volume(NamedTuple):
    """Values and features of all places and of a border that is 0; whole numbers below 2^24 in float32."""

    shape: tuple[int, ...]  # (K, h, w)
    values: npt.NDArray[np.float32]  # ((K + 1) * (h + 2) * (w + 2), 1)
    first: npt.NDArray[np.float32]  # (..., k)
    middle: npt.NDArray[np.float32]
    sums: npt.NDArray[np.float32]

    @classmethod
    def blank(cls, shape: tuple[int, ...], features: int) -> "_Volume":
        """Nothing is known."""
        K, h, w = shape
        count = (K + 1) * (h + 2) * (w + 2)
        return cls(shape, *(np.zeros((count, width), np.float32) for width in (1, *[features] * 3)))

    def inside(self) -> npt.NDArray[np.float32]:
        """The values without the border, (K, h, w, 1), a view."""
        K, h, w = self.shape
        return self.values.reshape(K + 1, h + 2, w + 2, 1)[1:, 1:-1, 1:-1]

    def steps(self) -> Iterator[Places]:
        """Where the places of each step lie, channels ascending, of each channel rows ascending."""
        (K, h, w), (of_channel, of_row, _) = self.shape, VOLUME_SLOPES
        check_steps(of_channel * (K - 1) + of_row * (h - 1) + w, rows=h, columns=w)
        c, row, column = np.arange(K)[:, None, None], np.arange(h)[:, None], np.arange(w)
        steps = (of_channel * c + of_row * row + column).reshape(-1)
        # Sorted once: what a step costs must not grow with the volume.
        order = np.argsort(steps, kind="stable")
        at = (((c + 1) * (h + 2) + row + 1) * (w + 2) + column + 1).reshape(-1)[order]
        yield from np.split(at, np.flatnonzero(np.diff(steps[order])) + 1)

    def batches(self) -> Iterator[Places]:
        """The steps one after the other, many at once."""
        group: list[Places] = []
        for at in self.steps():
            if group and sum(map(len, group)) + len(at) > AT_ONCE:
                yield np.concatenate(group)
                group = []
            group.append(at)
        if group:
            yield np.concatenate(group)

    def inner(self, at: Places) -> Places:
        """The same places counted without the border."""
        _, h, w = self.shape
        channel, place = np.divmod(at, (h + 2) * (w + 2))
        row, column = np.divmod(place, w + 2)
        found: Places = ((channel - 1) * h + row - 1) * w + column - 1
        return found

    def seen(
        self, features: npt.NDArray[np.float32], at: Places, offsets: Sequence[tuple[int, int, int]]
    ) -> Tensor:
        """The features of the places that each of n sees, (n, len(offsets) * k), float64."""
        _, h, w = self.shape
        distances = np.array([(c * (h + 2) + row) * (w + 2) + column for c, row, column in offsets])
        return torch.from_numpy(features[at[:, None] + distances].reshape(len(at), -1).astype(np.float64))
