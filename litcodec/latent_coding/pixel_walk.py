"""Grey levels of an image <-> one string, all pixels of equal ``column + 3 * row`` at once.

Exact: whichever pixels are taken together, and on however many threads, no bit changes. So an encoder, which
knows all pixels, takes thousands at once.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from litcodec.coding import (
    LevelDecoder,
    LevelEncoder,
    Logistics,
    bits_of_digits,
    digits_of,
    logistics_of,
)
from litcodec.entropy.fixed_point import FRACTION_BITS
from litcodec.latent_coding.pixel_network import Hidden, PixelNetwork
from litcodec.layers import ABOVE, ERROR_INDEXES, LEFT, MED_INDEXES, OUTSIDE, PIXEL_OFFSETS, RIGHT, SLOPE

AT_ONCE = 2048  # pixels that an encoder takes at once; bounds memory, changes no byte

Image = npt.NDArray[np.uint8]
Wide = npt.NDArray[np.int64]


class _Known(NamedTuple):
    """The pixels that are known so far, surrounded as ``pad_causally`` does."""

    flat: Image  # ((4 + H) * (4 + W + 3), 3)
    H: int
    W: int

    @property
    def stride(self) -> int:
        return LEFT + self.W + RIGHT

    def step(self, k: int) -> Wide:
        """Where in ``flat`` the pixels of step k lie, rows ascending."""
        first, last = max(0, -(-(k - self.W + 1) // SLOPE)), min(self.H - 1, k // SLOPE)
        rows = np.arange(first, last + 1)
        return (rows + ABOVE) * self.stride + LEFT + k - SLOPE * rows

    @property
    def steps(self) -> range:
        return range(self.W + SLOPE * (self.H - 1))

    def put(self, at: Wide, k: int, levels: Image) -> None:
        """Make step k known, and what lies beside the image because of it."""
        self.flat[at] = levels
        if k % SLOPE == 0 and k // SLOPE < self.H - 1:  # column 0 is the last row's of a step
            below = at[-1] + self.stride
            self.flat[below - LEFT : below] = levels[-1]
        if k >= self.W - 1 and (k - self.W + 1) % SLOPE == 0:  # the last column is the first row's
            self.flat[at[0] + 1 : at[0] + 1 + RIGHT] = levels[0]


def _blank(H: int, W: int) -> _Known:
    return _Known(np.full(((ABOVE + H) * (LEFT + W + RIGHT), 3), OUTSIDE, np.uint8), H, W)


def _whole(image: Image) -> _Known:
    """All of an image (H, W, 3)."""
    H, W, _ = image.shape
    padded = np.full((ABOVE + H, LEFT + W + RIGHT, 3), OUTSIDE, np.uint8)
    padded[ABOVE:, LEFT:-RIGHT] = image
    padded[ABOVE + 1 :, :LEFT] = image[:-1, :1]
    padded[ABOVE:, -RIGHT:] = image[:, -1:]
    return _Known(padded.reshape(-1, 3), H, W)


class PixelWalk:
    """Codes images (H, W, 3) whose channels are in the order in which they are coded."""

    def __init__(self, network: PixelNetwork) -> None:
        self.network = network

    def encode(self, image: Image) -> bytes:
        """The string of an image."""
        encoder = LevelEncoder()
        for counts, _, digits, weights in self._coded(image):
            # A decoder takes step after step, of a step channel after channel, of these digit after digit.
            order = np.concatenate(
                [
                    np.arange(12)[:, None] * sum(counts) + np.arange(end - count, end)
                    for count, end in zip(counts, np.cumsum(counts), strict=True)
                ],
                axis=1,
            )
            spans = np.split(order, np.cumsum(counts)[:-1], axis=1)
            flat = np.concatenate([span.ravel() for span in spans])
            encoder.encode(digits.reshape(-1)[flat], weights.reshape(-1, 4)[flat])
        return encoder.finish()

    def bits(self, image: Image) -> npt.NDArray[np.float32]:
        """The information content of every level, (H, W, 3), in bits."""
        known = _whole(image)
        found = np.zeros((len(known.flat), 3), np.float32)
        for _, at, digits, weights in self._coded(image):
            for c in range(3):
                found[at, c] = bits_of_digits(digits[c], weights[c])
        return found.reshape(ABOVE + known.H, known.stride, 3)[ABOVE:, LEFT:-RIGHT]

    def decode(self, string: bytes, H: int, W: int) -> Image:
        """The image (H, W, 3).

        Raises:
            Corrupt: if ``encode`` cannot have made the string. Not all damage shows.
        """
        decoder = LevelDecoder(string, 3 * H * W)  # before memory is taken
        known = _blank(H, W)
        for k in known.steps:
            at = known.step(k)
            if not len(at):
                continue
            hidden, prediction = self._hidden(known, at)
            levels = np.empty((len(at), 3), np.int64)
            for c in range(3):
                errors = levels[:, :c] - prediction[:, :c]
                levels[:, c] = decoder.decode(self._mixtures(hidden, errors, prediction[:, c]))
            known.put(at, k, levels.astype(np.uint8))
        decoder.finish()
        padded = known.flat.reshape(ABOVE + H, known.stride, 3)
        return np.ascontiguousarray(padded[ABOVE:, LEFT:-RIGHT])

    def _coded(
        self, image: Image
    ) -> Iterator[tuple[list[int], Wide, npt.NDArray[np.int32], npt.NDArray[np.float64]]]:
        """Several steps at once: sizes and positions, digits (3, 4, n) and their weights (3, 4, n, 4)."""
        known = _whole(image)
        for steps in _batches(known):
            at = np.concatenate(steps)
            hidden, prediction = self._hidden(known, at)
            levels = known.flat[at].astype(np.int64)
            errors = levels - prediction
            coded = [
                digits_of(levels[:, c], self._mixtures(hidden, errors[:, :c], prediction[:, c]))
                for c in range(3)
            ]
            digits, weights = (np.stack(parts) for parts in zip(*coded, strict=True))
            yield [len(step) for step in steps], at, digits, weights

    def _mixtures(self, hidden: Hidden, errors: Wide, prediction: Wide) -> Logistics:
        parameters = self.network.parameters(hidden, errors)
        K = parameters.shape[1] // 3
        parameters[:, K : 2 * K] += prediction[:, None] * 2.0**FRACTION_BITS
        return logistics_of(parameters)

    def _hidden(self, known: _Known, at: Wide) -> tuple[Hidden, Wide]:
        """What the network makes of the neighbours of n pixels, and their MED predictions (n, 3)."""
        offsets = np.array([row * known.stride + column for row, column in PIXEL_OFFSETS])
        seen = known.flat[at + offsets[:, None]].astype(np.int16)  # (28, n, 3)
        west, north, north_west = (seen[list(k)] for k in zip(*MED_INDEXES, strict=True))
        low, high = np.minimum(west, north), np.maximum(west, north)
        predictions = np.maximum(low, np.minimum(high, west + north - north_west))  # (5, n, 3)
        errors = seen[list(ERROR_INDEXES)] - predictions[1:]
        activity = np.abs(errors).sum(axis=0, dtype=np.int16)
        differences = np.concatenate([seen - predictions[0], errors, activity[None]])
        looked_up = self.network.asinh(differences.transpose(1, 0, 2))  # (n, 33, 3)
        prediction = predictions[0].astype(np.int64)
        level = prediction * 2.0 ** (FRACTION_BITS - 7) - 2.0**FRACTION_BITS
        features = np.concatenate([looked_up.reshape(len(at), -1), level], axis=1)
        return self.network.hidden(features), prediction


def _batches(known: _Known) -> Iterator[list[Wide]]:
    """The positions of steps, in groups of about ``AT_ONCE`` pixels."""
    group: list[Wide] = []
    count = 0
    for k in known.steps:
        at = known.step(k)
        if not len(at):
            continue
        if group and count + len(at) > AT_ONCE:
            yield group
            group, count = [], 0
        group.append(at)
        count += len(at)
    if group:
        yield group
