"""The inputs of a lossless codec's network for n pixels, as integers relative to a prediction."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from litcodec.latent_coding.known_pixels import KnownPixels, Wide
from litcodec.layers import (
    ERROR_INDEXES,
    LINEAR_BITS,
    LINEAR_ERRORS_AT,
    MED_INDEXES,
    PREDICTION_UNIT,
    LinearPrediction,
)

_AT_ONCE = 4096  # pixels; bounds memory, changes no bit
_STEP_BITS = LINEAR_BITS - 4  # from units of the weights to those of predictions

Levels = npt.NDArray[np.int16]


class Relative(NamedTuple):
    """Of n pixels, in parts of a grey level."""

    differences: Wide  # (rows, n, 3)
    prediction: Wide  # (n, 3)


class MedInputs:
    """Relative to the MED prediction, in grey levels.

    Args:
        known: the image.
    """

    def __init__(self, known: KnownPixels) -> None:
        self._known = known

    def __call__(self, at: Wide) -> Relative:
        """Of the pixels at ``at``."""
        seen = self._known.seen(at)
        predictions = _med(seen, len(MED_INDEXES))  # (5, n, 3)
        errors = seen[list(ERROR_INDEXES)] - predictions[1:]
        activity = np.abs(errors).sum(axis=0, dtype=np.int16)
        differences = np.concatenate([seen - predictions[0], errors, activity[None]])
        return Relative(differences.astype(np.int64), predictions[0].astype(np.int64))

    def learn(self, at: Wide, errors: Wide) -> None:
        """Of no use: errors of MED follow from the pixels."""


class LinearInputs:
    """Relative to a linear prediction, in units of 1/16, with its errors at six neighbours.

    Args:
        known: the image.
        prediction: its weights.
        whole: all pixels are known already.
    """

    def __init__(self, known: KnownPixels, prediction: LinearPrediction, *, whole: bool) -> None:
        self._known = known
        self._weights = np.ascontiguousarray(prediction.weights.numpy().astype(np.float64).T)
        self._errors = np.zeros(known.flat.shape, np.int16)  # none outside
        self._places = known.places(LINEAR_ERRORS_AT)
        if not whole:
            return
        for steps in known.in_batches(_AT_ONCE):
            at = np.concatenate(steps)
            levels = known.flat[at].astype(np.int64)
            self.learn(at, levels * PREDICTION_UNIT - self._predict(known.seen(at)))

    def __call__(self, at: Wide) -> Relative:
        """The network's inputs for the pixels at ``at``, and their linear predictions."""
        seen = self._known.seen(at)
        prediction = self._predict(seen)
        errors = self._errors[at + self._places].astype(np.int64)  # (6, n, 3)
        activity = np.abs(errors).sum(axis=0) // len(LINEAR_ERRORS_AT)
        pixels = np.concatenate([seen, _med(seen, 1)]).astype(np.int64) * PREDICTION_UNIT - prediction
        return Relative(np.concatenate([pixels, errors, activity[None]]), prediction)

    def learn(self, at: Wide, errors: Wide) -> None:
        """Keep the errors (n, 3) of pixels that have become known."""
        self._errors[at] = errors

    def _predict(self, seen: Levels) -> Wide:
        differences = (seen[1:] - seen[0]).transpose(1, 0, 2).reshape(seen.shape[1], -1).astype(np.float64)
        sums = (differences @ self._weights).astype(np.int64)  # below 81 * 255 * 2^15: exact
        units = ((sums + (1 << (_STEP_BITS - 1))) >> _STEP_BITS) + PREDICTION_UNIT * seen[0].astype(np.int64)
        clipped: Wide = np.minimum(np.maximum(units, 0), 255 * PREDICTION_UNIT)
        return clipped


PixelInputs = MedInputs | LinearInputs


def _med(seen: Levels, count: int) -> Levels:
    """The MED predictions of the first ``count`` of the pixel and its neighbours, (count, n, 3)."""
    west, north, north_west = (seen[list(k)] for k in zip(*MED_INDEXES[:count], strict=True))
    low, high = np.minimum(west, north), np.maximum(west, north)
    found: Levels = np.maximum(low, np.minimum(high, west + north - north_west))
    return found
