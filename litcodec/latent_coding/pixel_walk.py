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
from litcodec.latent_coding.known_pixels import Image, KnownPixels, Wide, all_pixels, blank_pixels
from litcodec.latent_coding.pixel_inputs import LinearInputs, MedInputs, PixelInputs
from litcodec.latent_coding.pixel_network import Hidden, PixelNetwork
from litcodec.layers import LinearPrediction

AT_ONCE = 2048  # pixels that an encoder takes at once; bounds memory, changes no byte


class _Coded(NamedTuple):
    """Several steps at once."""

    counts: list[int]  # of pixels in each step
    at: Wide  # where they lie, (n,)
    digits: npt.NDArray[np.int32]  # (3, 4, n)
    weights: npt.NDArray[np.float64]  # (3, 4, n, 4)


class PixelWalk:
    """Codes images (H, W, 3) whose channels are in the order in which they are coded.

    Args:
        network: predicts the mixtures.
        prediction: that the image brings with it; None if inputs are relative to MED.
    """

    def __init__(self, network: PixelNetwork, prediction: LinearPrediction | None = None) -> None:
        self.network, self.prediction = network, prediction
        moved = np.zeros(3, np.int64) if prediction is None else prediction.coefficients.numpy()
        self._coefficients = moved.astype(np.int64)

    def encode(self, image: Image) -> bytes:
        """The string of an image."""
        encoder = LevelEncoder()
        for counts, _, digits, weights in self._coded(all_pixels(image)):
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
        known = all_pixels(image)
        found = np.zeros(known.flat.shape, np.float32)
        for _, at, digits, weights in self._coded(known):
            for c in range(3):
                found[at, c] = bits_of_digits(digits[c], weights[c])
        return known.cropped(found)

    def decode(self, string: bytes, H: int, W: int) -> Image:
        """The image (H, W, 3).

        Raises:
            Corrupt: if ``encode`` cannot have made the string. Not all damage shows.
        """
        decoder = LevelDecoder(string, 3 * H * W)  # before memory is taken
        known = blank_pixels(H, W)
        inputs = self._inputs(known, whole=False)
        unit = self.network.unit
        for k in known.steps:
            at = known.step(k)
            if not len(at):
                continue
            hidden, prediction = self._hidden(inputs, at)
            levels = np.empty((len(at), 3), np.int64)
            for c in range(3):
                errors = levels[:, :c] * unit - prediction[:, :c]
                levels[:, c] = decoder.decode(self._mixtures(hidden, errors, prediction[:, c]))
            known.put(at, k, levels.astype(np.uint8))
            inputs.learn(at, levels * unit - prediction)
        decoder.finish()
        return np.ascontiguousarray(known.cropped(known.flat))

    def _inputs(self, known: KnownPixels, *, whole: bool) -> PixelInputs:
        if self.prediction is None:
            return MedInputs(known)
        return LinearInputs(known, self.prediction, whole=whole)

    def _coded(self, known: KnownPixels) -> Iterator[_Coded]:
        inputs = self._inputs(known, whole=True)
        for steps in known.in_batches(AT_ONCE):
            at = np.concatenate(steps)
            hidden, prediction = self._hidden(inputs, at)
            levels = known.flat[at].astype(np.int64)
            errors = levels * self.network.unit - prediction
            coded = [
                digits_of(levels[:, c], self._mixtures(hidden, errors[:, :c], prediction[:, c]))
                for c in range(3)
            ]
            digits, weights = (np.stack(parts) for parts in zip(*coded, strict=True))
            yield _Coded([len(step) for step in steps], at, digits, weights)

    def _mixtures(self, hidden: Hidden, errors: Wide, prediction: Wide) -> Logistics:
        parameters = self.network.parameters(hidden, errors, self._coefficients)
        K = parameters.shape[1] // 3
        parameters[:, K : 2 * K] += prediction[:, None] * (2.0**FRACTION_BITS / self.network.unit)
        return logistics_of(parameters)

    def _hidden(self, inputs: PixelInputs, at: Wide) -> tuple[Hidden, Wide]:
        """What the network makes of the neighbours of n pixels, and their predictions (n, 3)."""
        differences, prediction = inputs(at)
        looked_up = self.network.asinh(differences.transpose(1, 0, 2)).reshape(len(at), -1)
        features = np.concatenate([looked_up, self.network.level(prediction)], axis=1)
        return self.network.hidden(features), prediction
