"""An image and its scales z <-> strings, from the coarsest, whose levels are equally likely, to the pixels.

Every scale has a string of its own. It is coded strip by strip, see ``exact_scale.py``; in a strip channel
after channel: channels of pixels depend on those before, all positions of a channel are one part.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from litcodec.coding import (
    LEVEL_MAX,
    ChoiceDecoder,
    ChoiceEncoder,
    LevelDecoder,
    LevelEncoder,
    Logistics,
    bits_of_digits,
    choice_bits,
    choice_weights,
    digits_of,
)
from litcodec.entropy.fixed_point import FRACTION_BITS
from litcodec.errors import Corrupt
from litcodec.latent_coding.exact_scale import ExactScale
from litcodec.latent_coding.scale_mixtures import level_mixtures, pixel_mixtures

Z_BITS = 3  # networks see levels of z divided by 2^3
Levels = npt.NDArray[np.int64]
Bits = npt.NDArray[np.float32]
# (channel, rows, mixtures of the channel's values in these rows) -> the values, (n,).
Visit = Callable[[int, slice, Logistics], Levels]


class Pyramid(NamedTuple):
    """What is coded of an image."""

    pixels: Levels  # (3, H, W), R, G, B
    z: list[Levels]  # (C, h, w), 0 to 2 * radius, finest first


class PyramidCoder:
    """Codes pyramids.

    Args:
        scales: which predict, finest first, the pixels from z[0], z[0] from z[1], and so on.
        channels: C of every z.
        radius: levels of z lie within it of the middle one.
    """

    def __init__(self, scales: Sequence[ExactScale], *, channels: int, radius: int) -> None:
        self.scales, self.channels, self.radius = list(scales), channels, radius
        self._uniform = choice_weights(np.zeros((1, 2 * radius + 1)))

    def encode(self, pyramid: Pyramid) -> tuple[bytes, ...]:
        """A string of the pixels, then one of each z."""
        coarsest = pyramid.z[-1].reshape(-1).astype(np.int32)
        uniform = ChoiceEncoder()
        uniform.encode(coarsest, self._uniform.repeat(len(coarsest), axis=0))
        strings, coarse = [uniform.finish()], None
        for k in reversed(range(len(self.scales))):
            known, encoder = _at(pyramid, k), LevelEncoder()
            coarse = self._visit(k, pyramid.z[k], coarse, known.shape, _write(known, encoder))
            strings.append(encoder.finish())
        return tuple(reversed(strings))

    def bits(self, pyramid: Pyramid) -> tuple[Bits, ...]:
        """The information content of the pixels and of each z, shaped as they are."""
        one = choice_bits(np.zeros(1, np.int32), self._uniform)
        found, coarse = [np.broadcast_to(one, pyramid.z[-1].shape).copy()], None
        for k in reversed(range(len(self.scales))):
            known = _at(pyramid, k)
            bits = np.zeros(known.shape, np.float32)
            coarse = self._visit(k, pyramid.z[k], coarse, known.shape, _count(known, bits))
            found.append(bits)
        return tuple(reversed(found))

    def decode(self, strings: Sequence[bytes], H: int, W: int) -> Pyramid:
        """What ``encode`` was given.

        Raises:
            Corrupt: if it cannot have made the strings. Not all damage shows.
        """
        count = len(self.scales)
        h, w = -(-H >> count), -(-W >> count)
        shapes = [(3, H, W), *((self.channels, h << k, w << k) for k in reversed(range(count)))]
        # Equally likely levels cost bits, whatever they are: how many they can be is known before any memory
        # is taken.
        most = int(self._uniform.max()) + 1
        symbols = math.prod(shapes[-1])
        uniform = ChoiceDecoder(strings[-1], symbols, 2 * self.radius + 1, most)
        found = uniform.decode(self._uniform.repeat(symbols, axis=0)).astype(np.int64)
        uniform.finish()
        decoded, coarse = [found.reshape(shapes[-1])], None
        for k in reversed(range(count)):
            values = np.empty(shapes[k], np.int64)
            decoder = LevelDecoder(strings[k], values.size)
            read = _read(values, decoder, highest=2 * self.radius if k else LEVEL_MAX)
            coarse = self._visit(k, decoded[-1], coarse, values.shape, read)
            decoder.finish()
            decoded.append(values)
        return Pyramid(decoded[-1], decoded[-2::-1])

    def _visit(
        self, k: int, z: Levels, coarse: Tensor | None, shape: tuple[int, ...], visit: Visit
    ) -> Tensor | None:
        """Visit what z[k] predicts, of that shape, in coded order; gives ``coarse`` of the next scale."""
        seen = torch.from_numpy(z - self.radius).double()[None] * 2.0 ** (FRACTION_BITS - Z_BITS)
        C, H, W = shape
        kept = []
        for strip in self.scales[k].strips(seen, coarse):
            if k:
                kept.append(strip.features)
            rows = slice(strip.rows.start, min(H, strip.rows.stop))
            if rows.start >= H:
                continue
            cropped = strip.parameters[:, : rows.stop - rows.start, :W]
            parameters = cropped.reshape(C, -1, cropped[0].numel()).numpy()
            before: list[Levels] = []
            for c in range(C):
                mixtures = (
                    level_mixtures(parameters[c], self.radius)
                    if k
                    else pixel_mixtures(parameters, np.stack(before) if c else np.zeros((0, 1), np.int64))
                )
                before.append(visit(c, rows, mixtures))
        return torch.cat(kept, dim=2) if kept else None


def _at(pyramid: Pyramid, k: int) -> Levels:
    """What z[k] predicts."""
    return pyramid.z[k - 1] if k else pyramid.pixels


def _write(known: Levels, encoder: LevelEncoder) -> Visit:
    def write(c: int, rows: slice, mixtures: Logistics) -> Levels:
        values = known[c, rows].reshape(-1)
        digits, weights = digits_of(values, mixtures)
        encoder.encode(digits.reshape(-1), weights.reshape(-1, weights.shape[-1]))
        return values

    return write


def _count(known: Levels, bits: Bits) -> Visit:
    def count(c: int, rows: slice, mixtures: Logistics) -> Levels:
        values = known[c, rows].reshape(-1)
        bits[c, rows] = bits_of_digits(*digits_of(values, mixtures)).reshape(bits[c, rows].shape)
        return values

    return count


def _read(values: Levels, decoder: LevelDecoder, *, highest: int) -> Visit:
    def read(c: int, rows: slice, mixtures: Logistics) -> Levels:
        levels = decoder.decode(mixtures)
        if levels.max(initial=0) > highest:
            raise Corrupt(f"a level of z is {levels.max()}, above {highest}; get the file again.")
        values[c, rows] = levels.reshape(values[c, rows].shape)
        return levels

    return read
