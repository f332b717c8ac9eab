"""A linear predictor of pixels fitted to each image, and a network's inputs relative to its prediction.

The encoder finds the weights by least squares over the whole image, as Wu and Barthel did for classes of
pixels, "Piecewise 2D autoregression for predictive image coding", ICIP 1998, here one set an image, with
weights that fall where the image is busy. They are rounded and sent, so that a decoder predicts exactly.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from litcodec.layers.causal_pixels import (
    ABOVE,
    LEFT,
    MED_INDEXES,
    PIXEL_OFFSETS,
    UNIT,
    med,
    pad_causally,
)

PREDICTION_UNIT = 16  # predictions are multiples of 1/16 of a grey level
LINEAR_BITS = 8  # weights are multiples of 2^-8
LINEAR_WEIGHTS = 3 * (len(PIXEL_OFFSETS) - 1)  # for one channel
LINEAR_MAX = 2**15 - 1
LINEAR_ERRORS_AT = ((0, -1), (-1, 0), (-1, 1), (-1, -1), (0, -2), (-2, 0))  # whose errors are inputs
LINEAR_INPUTS = 3 * len(PIXEL_OFFSETS) + 3 * len(LINEAR_ERRORS_AT) + 9
FIT_FROM = 2**15  # pixels; a smaller image is not worth weights of its own
_FIT_PIXELS = 2**18  # of larger images some rows are left out
_AT_ONCE = 2**16  # pixels; bounds memory
_NEAR = tuple(PIXEL_OFFSETS.index(offset) for offset in ((-1, 0), (-1, -1), (-1, 1), (0, -2)))


class LinearPrediction(NamedTuple):
    """Whole numbers in units of 2^-8, within 16 bits, int64."""

    weights: Tensor  # (3, 81): of the pixels less W, offset by offset, channels innermost
    coefficients: Tensor  # (3,): how the error of G moves R, and those of G and R move B


class LinearInputs(NamedTuple):
    """The input of the network, and what it is relative to."""

    features: Tensor  # (B, LINEAR_INPUTS, H, W)
    prediction: Tensor  # (B, 3, H, W), in 0..255


def usual_prediction() -> LinearPrediction:
    """``(W + N) / 2 + (NE - NW) / 4``, and how colours follow each other in most photographs."""
    weights = torch.zeros(3, len(PIXEL_OFFSETS), 3, dtype=torch.int64)
    for channel in range(3):
        for offset, weight in (((-1, 0), 128), ((-1, 1), 64), ((-1, -1), -64)):
            weights[channel, PIXEL_OFFSETS.index(offset), channel] = weight
    return LinearPrediction(weights[:, 1:].flatten(1), torch.tensor([214, 158, 49]))


def seen_pixels(v: Tensor) -> Tensor:
    """The 28 causal pixels of every pixel, (B, 3, H, W) -> (B, 28, 3, H, W)."""
    H, W = v.shape[2:]
    padded = pad_causally(v)
    return torch.stack(
        [
            padded[:, :, ABOVE + row : ABOVE + row + H, LEFT + column : LEFT + column + W]
            for row, column in PIXEL_OFFSETS
        ],
        dim=1,
    )


def linear_inputs(v: Tensor, predictions: list[LinearPrediction]) -> LinearInputs:
    """The inputs of every pixel of images (B, 3, H, W), whole numbers in 0..255, one prediction for each."""
    H, W = v.shape[2:]
    seen = seen_pixels(v)
    differences = (seen[:, 1:] - seen[:, :1]).flatten(1, 2).double()
    weights = torch.stack([p.weights for p in predictions]).to(differences)
    sums = torch.einsum("bcf,bfhw->bchw", weights, differences)
    step = 2**LINEAR_BITS // PREDICTION_UNIT
    above_w = torch.floor((sums + step // 2) / step)
    units = (above_w + PREDICTION_UNIT * seen[:, 0]).clamp(0, 255 * PREDICTION_UNIT)
    prediction = (units / PREDICTION_UNIT).to(v.dtype)
    known = F.pad(v - prediction, (2, 1, 2, 0))  # none outside
    errors = torch.stack(
        [known[:, :, 2 + r : 2 + r + H, 2 + c : 2 + c + W] for r, c in LINEAR_ERRORS_AT], dim=1
    )
    activity = torch.floor(errors.abs().mean(dim=1, keepdim=True) * PREDICTION_UNIT + 1e-3) / PREDICTION_UNIT
    off_med = med(*(seen[:, k] for k in MED_INDEXES[0])) - prediction
    relative = torch.cat([seen - prediction[:, None], off_med[:, None], errors, activity], dim=1)
    features = [torch.asinh(relative / UNIT).flatten(1, 2), prediction / 128 - 1]
    return LinearInputs(torch.cat(features, dim=1), prediction)


@torch.no_grad()
def fit_prediction(v: Tensor) -> LinearPrediction:
    """The weights that suit one image, (3, H, W), whole numbers in 0..255."""
    v = v[..., :_AT_ONCE]
    H, W = v.shape[1:]
    rows = max(1, _AT_ONCE // W)
    every = -(-H * W // _FIT_PIXELS)
    size = LINEAR_WEIGHTS + 3
    sums = torch.zeros(size, size, dtype=torch.float64)
    for first in range(0, H, rows * every):
        part = _rows_with_margin(v, first, min(first + rows, H))
        sums += _sums(*part)
    gram, cross, own = sums[:-3, :-3], sums[:-3, -3:], sums[-3:, -3:]
    ridge = 1e-4 * float(gram.diagonal().mean()) + 1e-3
    solved = torch.linalg.solve(gram + ridge * torch.eye(LINEAR_WEIGHTS, dtype=torch.float64), cross)
    weights = (solved * 2**LINEAR_BITS).round().clamp(-LINEAR_MAX, LINEAR_MAX) / 2**LINEAR_BITS
    errors = own - weights.T @ cross - cross.T @ weights + weights.T @ gram @ weights
    errors = errors + 1e-3 * torch.eye(3, dtype=torch.float64)
    red = errors[:1, 1] / errors[0, 0]
    blue = torch.linalg.solve(errors[:2, :2], errors[:2, 2])
    coefficients = (torch.cat([red, blue]) * 2**LINEAR_BITS).round().clamp(-1024, 1024)
    return LinearPrediction((weights.T * 2**LINEAR_BITS).long(), coefficients.long())


def _rows_with_margin(v: Tensor, first: int, last: int) -> tuple[Tensor, int]:
    """Some rows, those above that they depend on, and how many these are."""
    margin = min(first, ABOVE + 1)
    return v[None, :, first - margin : last].float(), margin


def _sums(rows: Tensor, margin: int) -> Tensor:
    """Weighted sums of products of (differences, targets), (84, 84)."""
    seen = seen_pixels(rows)[0, ..., margin:, :]
    differences = (seen[1:] - seen[0]).flatten(2)  # (27, 3, n)
    targets = (rows[0, :, margin:] - seen[0]).flatten(1)
    activity = differences[[k - 1 for k in _NEAR]].abs().mean(dim=(0, 1))
    all_of_them = torch.cat([differences.flatten(0, 1), targets]) * (activity**2 + 4).rsqrt()
    return (all_of_them @ all_of_them.T).double()
