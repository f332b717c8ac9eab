"""The probabilities of Gaussian mixtures in integers.

A component's mass to the left of a symbol is looked up in the CDF at ``(symbol - 1/2 - mean) / scale``; the
weights are integers, and so is their sum of the components.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from litcodec.coding.mixture_tables import (
    CDF_REACH,
    CDF_STEP_BITS,
    EXP_STEP_BITS,
    PARAMETER_BITS,
    RECIPROCAL_BITS,
    MixtureTables,
    check_mixture_tables,
)
from litcodec.coding.tables import PRECISION

TOTAL = 2**PRECISION
WEIGHT_BITS = 14
# Of 2^24. Latents have heavier tails than the models: an outlier costs 15 bits instead of 24.
ESCAPE_MASS = 2 ** (PRECISION - 15)
WINDOW_REACH = 9 << (CDF_STEP_BITS - 1)  # a window holds 4.5 standard deviations of every component
LIGHT = 4  # of 2^14: a component below that does not widen the window
ENTRIES_MAX = 64  # in a window: cells and the escape
CELL_BITS = (2, 4, 6, 8)  # of the cells of more than one symbol
_SHIFT = PARAMETER_BITS + RECIPROCAL_BITS - CDF_STEP_BITS
_HALF = 1 << (PARAMETER_BITS - 1)

Wide = npt.NDArray[np.int64]


class Windows(NamedTuple):
    """n mixtures of K components, and the windows they are cut to."""

    weights: Wide  # (K, n), sum to 2^14
    means: Wide  # (K, n), in units of 2^-12
    reciprocals: Wide  # (K, n), of the scales, in units of 2^-24
    first: Wide  # (n,), each window's first symbol
    entries: Wide  # (n,), 4, 8, 16, 32 or 64: cells and the escape
    cell_bits: Wide  # (n,), log2 of the symbols in a cell

    def take(self, which: npt.NDArray[np.intp] | slice) -> "Windows":
        """Some of them."""
        return Windows(*(values[..., which] for values in self))

    @property
    def last(self) -> Wide:
        """(n,), each window's last symbol."""
        return self.first + ((self.entries - 1) << self.cell_bits) - 1


class MixtureArithmetic:
    """Windows and boundaries, the same integers everywhere.

    Args:
        tables: checked once, here.

    Raises:
        CodecFileError: if the tables are unusable.
    """

    def __init__(self, tables: MixtureTables) -> None:
        check_mixture_tables(tables)
        self._cdf = tables.cdf.astype(np.int64)
        self._exponentials = np.append(tables.exponentials.astype(np.int64), 0)
        self._thresholds = tables.thresholds
        self._reciprocals = tables.reciprocals.astype(np.int64)
        self._reaches = (WINDOW_REACH << _SHIFT) // self._reciprocals  # in units of 2^-12

    def windows(self, parameters: npt.NDArray[np.integer]) -> Windows:
        """Weights, and a window for each mixture.

        Args:
            parameters: (n, 3 * K), int32 within +-2^24, in units of 2^-12: logits, means, scales.
        """
        logits, means, scales = parameters.T.reshape(3, -1, len(parameters)).astype(np.int64)
        weights = self._weights(logits)
        rows = np.searchsorted(self._thresholds, scales)
        reaches = self._reaches[rows]
        heavy = weights >= LIGHT
        low = np.where(heavy, means - reaches, np.iinfo(np.int64).max // 2).min(axis=0)
        high = np.where(heavy, means + reaches, np.iinfo(np.int64).min // 2).max(axis=0)
        low, high = (low + _HALF) >> PARAMETER_BITS, (high + _HALF) >> PARAMETER_BITS
        symbols = high - low + 1
        cells_max = ENTRIES_MAX - 1
        cell_bits = np.zeros_like(symbols)
        for bits, fewer in zip(CELL_BITS, (0, *CELL_BITS), strict=False):
            cell_bits[symbols > cells_max << fewer] = bits
        cells = (symbols + (1 << cell_bits) - 1) >> cell_bits
        entries = np.full_like(cells, 4)
        while (narrow := entries <= cells).any():
            entries[narrow] *= 2
        first = (low + high + 1 - ((entries - 1) << cell_bits)) >> 1
        return Windows(weights, means, self._reciprocals[rows], first, entries, cell_bits)

    def boundaries(self, windows: Windows, entries: Wide) -> Wide:
        """Left boundaries of window entries, in 0..2^24.

        Args:
            windows: n of them.
            entries: (n, e) or (1, e), the first 0; the number of entries itself has the boundary 2^24.
        """
        count = windows.entries[:, None]
        symbols = windows.first[:, None] + (entries << windows.cell_bits[:, None])
        below = self._below(windows, symbols)
        below -= below[:, :1].copy()
        below *= TOTAL - ESCAPE_MASS - count
        below >>= PRECISION + WEIGHT_BITS
        below += entries
        return np.where(entries == count, TOTAL, below)

    def boundaries_in_cell(self, windows: Windows, cells: Wide, symbols: Wide) -> Wide:
        """Left boundaries of symbols, given their cell, in 0..2^24.

        Args:
            windows: n of them.
            cells: (n,), the entries that hold the symbols.
            symbols: (n, e) or (1, e), relative to the cell's first: the first 0, the last their number.
        """
        count = 1 << windows.cell_bits[:, None]
        base = windows.first + (cells << windows.cell_bits)
        below = self._below(windows, base[:, None] + symbols)
        below -= below[:, :1].copy()
        below += symbols  # one unit each, so that a cell without mass is uniform
        inside = below[:, -1:].copy()
        below *= TOTAL - count
        below //= inside
        return below + symbols

    def _weights(self, logits: Wide) -> Wide:
        """Their softmax, at least 1 each, with the sum 2^14: what is missing goes to the largest."""
        below_largest = logits.max(axis=0) - logits
        step_bits = PARAMETER_BITS - EXP_STEP_BITS
        steps = (below_largest + (1 << (step_bits - 1))) >> step_bits
        exponentials = np.take(self._exponentials, steps, mode="clip")
        weights: Wide = exponentials * (2**WEIGHT_BITS - len(logits)) // exponentials.sum(axis=0) + 1
        largest = logits.argmax(axis=0)
        weights[largest, np.arange(logits.shape[1])] += 2**WEIGHT_BITS - weights.sum(axis=0)
        return weights

    def _below(self, windows: Windows, symbols: Wide) -> Wide:
        """The mixtures' mass to the left of symbols (n, e), in units of 2^-38."""
        below = np.zeros(np.broadcast_shapes(symbols.shape, (len(windows.first), 1)), np.int64)
        left = (symbols << PARAMETER_BITS) - _HALF
        centre = (CDF_REACH << _SHIFT) + (1 << (_SHIFT - 1))
        for weight, mean, reciprocal in zip(*windows[:3], strict=True):
            steps = left - mean[:, None]
            steps *= reciprocal[:, None]
            steps += centre
            steps >>= _SHIFT
            below += weight[:, None] * np.take(self._cdf, steps, mode="clip")
        return below
