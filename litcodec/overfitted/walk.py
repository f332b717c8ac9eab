"""Grids of symbols <-> one string, all symbols of equal ``column + 2 * row`` at once.

Exact: whichever symbols are taken together, no bit changes. So an encoder, which knows them all, takes
thousands at once to find their distributions.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from litcodec.coding.laplace import (
    LARGEST_SYMBOL,
    LaplaceDecoder,
    LaplaceEncoder,
    Laplaces,
    bits_of_symbols,
)
from litcodec.entropy.fixed_point import FRACTION_BITS
from litcodec.overfitted.entropy_network import ABOVE, BESIDE, FEATURES, NEIGHBOURS, SLOPE
from litcodec.overfitted.exact_network import ExactNetwork

AT_ONCE = 2**14  # symbols that an encoder takes at once; bounds memory, changes no byte
_UNIT = float(1 << FRACTION_BITS)

Grid = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class _Known(NamedTuple):
    """A grid's symbols and the features of each, all surrounded by zeros and in units of 2^-12."""

    planes: Floats  # (4, (2 + h) * (2 + w + 2)): symbols, then features
    h: int
    w: int
    context: int

    @property
    def stride(self) -> int:
        return self.w + 2 * BESIDE

    def step(self, k: int) -> Grid:
        """Where the symbols of step k lie, rows ascending."""
        first, last = max(0, -(-(k - self.w + 1) // SLOPE)), min(self.h - 1, k // SLOPE)
        rows = np.arange(first, last + 1)
        return np.asarray((rows + ABOVE) * self.stride + BESIDE + k - SLOPE * rows, np.int64)

    @property
    def steps(self) -> range:
        return range(self.w + SLOPE * (self.h - 1))

    @property
    def offsets(self) -> Grid:
        """From a symbol to what the network sees."""
        size = self.planes.shape[1]
        near = [row * self.stride + column for row, column in NEIGHBOURS[: self.context]]
        return np.array([*near, *(size * k for k in range(1, FEATURES + 1))], np.int64)

    def symbols(self) -> Grid:
        inside = self.planes[0].reshape(ABOVE + self.h, self.stride)[ABOVE:, BESIDE:-BESIDE]
        symbols: Grid = (inside / _UNIT).astype(np.int64)
        return symbols


def _known(grid: Grid, parent: Grid | None, grand: Grid | None, context: int) -> _Known:
    h, w = grid.shape
    planes = np.zeros((1 + FEATURES, ABOVE + h, w + 2 * BESIDE))
    planes[0, ABOVE:, BESIDE:-BESIDE] = grid * _UNIT
    if parent is not None:
        planes[1, ABOVE:, BESIDE:-BESIDE] = _repeat(parent, h, w) * _UNIT
        planes[2, ABOVE:, BESIDE:-BESIDE] = _repeat(_magnitude(parent), h, w) * (_UNIT / 8)
    if grand is not None and parent is not None:
        planes[3, ABOVE:, BESIDE:-BESIDE] = _repeat(_repeat(_magnitude(grand), *parent.shape), h, w) * (
            _UNIT / 8
        )
    return _Known(planes.reshape(1 + FEATURES, -1), h, w, context)


def encode(grids: list[Grid], first: int, network: ExactNetwork, context: int) -> bytes:
    """The string of all grids from the coarsest, the last one, to ``first``."""
    encoder = LaplaceEncoder()
    for level in range(len(grids) - 1, first - 1, -1):
        known = _known(*_related(grids, level), context)
        symbols = (known.planes[0] / _UNIT).astype(np.int64)
        for steps in _batches(known):
            at = np.concatenate(steps)
            laplaces = _laplaces(known, at, network)
            end = 0
            for step in steps:
                begin, end = end, end + len(step)
                encoder.encode(symbols[step], Laplaces(*(v[begin:end] for v in laplaces)))
    return encoder.finish()


def bits(grids: list[Grid], first: int, network: ExactNetwork, context: int) -> list[npt.NDArray[np.float32]]:
    """The information content of every symbol, shaped like the grids, in bits."""
    found = [np.zeros(grid.shape, np.float32) for grid in grids]
    for level in range(len(grids) - 1, first - 1, -1):
        known = _known(*_related(grids, level), context)
        flat = np.zeros(known.planes.shape[1], np.float32)
        symbols = (known.planes[0] / _UNIT).astype(np.int64)
        for steps in _batches(known):
            at = np.concatenate(steps)
            flat[at] = bits_of_symbols(symbols[at], _laplaces(known, at, network))
        found[level] = flat.reshape(ABOVE + known.h, known.stride)[ABOVE:, BESIDE:-BESIDE]
    return found


def decode(
    string: bytes, sizes: list[tuple[int, int]], first: int, network: ExactNetwork, context: int
) -> list[Grid]:
    """The grids.

    Raises:
        Corrupt: if ``encode`` cannot have made the string. Not all damage shows.
    """
    decoder = LaplaceDecoder(string, sum(h * w for h, w in sizes[first:]))  # before memory is taken
    grids = [np.zeros(size, np.int64) for size in sizes]
    for level in range(len(sizes) - 1, first - 1, -1):
        known = _known(*_related(grids, level), context)
        flat, offsets = known.planes.reshape(-1), known.offsets
        for k in known.steps:
            at = known.step(k)
            if len(at):
                seen = flat.take(at[:, None] + offsets)
                flat[at] = decoder.decode(network(seen)) * _UNIT
        grids[level] = known.symbols()
    decoder.finish()
    return grids


def clipped(grid: Grid) -> Grid:
    """With symbols that can be coded."""
    return np.clip(grid, -LARGEST_SYMBOL, LARGEST_SYMBOL)


def _related(grids: list[Grid], level: int) -> tuple[Grid, Grid | None, Grid | None]:
    parent, grand = (grids[k] if k < len(grids) else None for k in (level + 1, level + 2))
    return grids[level], parent, grand


def _laplaces(known: _Known, at: Grid, network: ExactNetwork) -> Laplaces:
    return network(known.planes.reshape(-1).take(at[:, None] + known.offsets))


def _batches(known: _Known) -> Iterator[list[Grid]]:
    """The positions of steps, in groups of about ``AT_ONCE`` symbols."""
    group: list[Grid] = []
    count = 0
    for k in known.steps:
        at = known.step(k)
        group.append(at)
        count += len(at)
        if count > AT_ONCE:
            yield group
            group, count = [], 0
    if group:
        yield group


def _magnitude(grid: Grid) -> Grid:
    """The sum of the absolute values of the 3x3 symbols about each."""
    h, w = grid.shape
    padded = np.pad(np.abs(grid), 1)
    return sum((padded[r : r + h, c : c + w] for r in range(3) for c in range(3)), np.zeros_like(grid))


def _repeat(grid: Grid, h: int, w: int) -> Grid:
    return grid.repeat(2, axis=0).repeat(2, axis=1)[:h, :w]
