"""Integer probability tables: what the entropy coder codes with.

A row is a distribution over consecutive integers plus one ESCAPE entry for everything else. Its masses are
integers >= 1 that sum to 2^24, so every symbol can be coded and two machines cannot disagree about a
probability.
"""

import heapq
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from litcodec.errors import CodecFileError, FreezeError

PRECISION = 24  # bits: a row's masses sum to 2^24
SYMBOL_MAX = 32767  # largest |symbol| that can be coded, with or without escape
ROWS_MAX = 2**16

Ints = npt.NDArray[np.int32]


class IntegerTables(NamedTuple):
    """Rows of probabilities, concatenated.

    Entries 0 .. L-2 of row r, where L is ``lengths[r]``, are the masses of the symbols ``offsets[r]`` ..
    ``offsets[r] + L - 2``; its last entry is the mass of the ESCAPE.
    """

    masses: npt.NDArray[np.int32]  # (sum of lengths,), each >= 1, each row sums to 2^24
    lengths: npt.NDArray[np.int32]  # (rows,), entries of each row including the escape, >= 2
    offsets: npt.NDArray[np.int32]  # (rows,), first symbol of each row


def check_tables(tables: IntegerTables) -> None:
    """Check that ``tables`` are usable, whoever made them.

    Raises:
        CodecFileError: if they are not.
    """
    for name, values in tables._asdict().items():
        if values.dtype != np.int32 or values.ndim != 1:
            raise CodecFileError(
                f"table {name} must be 1-d int32; got {values.ndim}-d {values.dtype}. Export the codec again."
            )
    rows = len(tables.lengths)
    if not 1 <= rows <= ROWS_MAX or len(tables.offsets) != rows:
        raise CodecFileError(
            f"tables need 1..{ROWS_MAX} rows and as many offsets; got {rows} and {len(tables.offsets)}."
        )
    lengths, offsets = tables.lengths.astype(np.int64), tables.offsets.astype(np.int64)
    last_symbols = offsets + lengths - 2
    _refuse_rows(lengths < 2, "length", lengths, "at least one symbol and the escape")
    _refuse_rows(offsets < -SYMBOL_MAX, "offset", offsets, f"a first symbol >= {-SYMBOL_MAX}")
    _refuse_rows(last_symbols > SYMBOL_MAX, "last symbol", last_symbols, f"a last symbol <= {SYMBOL_MAX}")
    if lengths.sum() != len(tables.masses):
        raise CodecFileError(f"table lengths sum to {lengths.sum()}; there are {len(tables.masses)} masses.")
    starts = np.cumsum(lengths) - lengths
    smallest = np.minimum.reduceat(tables.masses, starts)
    totals = np.add.reduceat(tables.masses, starts, dtype=np.int64)
    _refuse_rows(smallest < 1, "smallest mass", smallest, "masses >= 1")
    _refuse_rows(totals != 2**PRECISION, "sum of masses", totals, f"masses that sum to {2**PRECISION}")


def quantise_pmf(pmf: npt.NDArray[np.float64], tail: float) -> npt.NDArray[np.int32]:
    """The integers >= 1 summing to 2^24 that code a distribution with the fewest extra bits.

    Every entry gets its rounded share, but at least 1; then single units are given to, or taken from, the
    entries where that gains most, or costs least. One unit more is worth ``p * log(1 + 1/m)``, which is ``p /
    (m + 1/2)`` up to third order: divisions have the same result everywhere, logarithms do not. (Parliaments
    know it as Webster's method.)

    Args:
        pmf: (L - 1,), masses of a row's symbols; need not be normalised.
        tail: mass of everything else, for the escape.

    Returns:
        (L,), the escape last.

    Raises:
        FreezeError: if a mass is negative or not finite, if all are zero, or if there are none or too many.
    """
    p = np.append(np.asarray(pmf, dtype=np.float64), tail)
    if not 2 <= len(p) <= 2 * SYMBOL_MAX + 2:
        raise FreezeError(f"a table row takes 1..{2 * SYMBOL_MAX + 1} symbols; got {len(p) - 1}.")
    if not (np.isfinite(p).all() and (p >= 0).all() and 0 < p.max() < 1e300):
        raise FreezeError(
            f"probabilities must be finite and >= 0, not all 0; got {p.min()} .. {p.max()}. "
            "The codec's weights may have diverged."
        )
    p /= math.fsum(p)  # exact: numpy's order of summation depends on the processor
    masses: npt.NDArray[np.int64] = np.maximum(np.rint(p * 2**PRECISION), 1).astype(np.int64)
    _settle(masses, p, missing=2**PRECISION - int(masses.sum()))
    return masses.astype(np.int32)


def build_tables(
    pmfs: Sequence[npt.NDArray[np.float64]], tails: Sequence[float], offsets: Sequence[int]
) -> IntegerTables:
    """Tables from one distribution per row.

    Args:
        pmfs: for each row the masses of its symbols.
        tails: for each row the mass outside of it.
        offsets: for each row its first symbol.

    Raises:
        FreezeError: if a distribution is not one.
        CodecFileError: if a row reaches beyond +-SYMBOL_MAX, or there are no rows.
    """
    rows = [quantise_pmf(pmf, tail) for pmf, tail in zip(pmfs, tails, strict=True)]
    tables = IntegerTables(
        masses=np.concatenate([*rows, np.zeros(0, np.int32)]),
        lengths=np.array([len(row) for row in rows], dtype=np.int32),
        offsets=np.array(offsets, dtype=np.int32),
    )
    check_tables(tables)
    return tables


def _settle(masses: npt.NDArray[np.int64], p: npt.NDArray[np.float64], missing: int) -> None:
    """Add ``missing`` units to ``masses``, or take them away, one by one where it is best."""
    if missing == 0:
        return
    unit = 1 if missing > 0 else -1
    candidates = np.arange(len(p)) if missing > 0 else np.flatnonzero(masses > 1)
    costs = -unit * p[candidates] / (masses[candidates] + 0.5 * unit)
    queue = list(zip(costs.tolist(), candidates.tolist(), strict=True))
    heapq.heapify(queue)
    for _ in range(abs(missing)):
        _, i = queue[0]
        masses[i] += unit
        if masses[i] + unit < 1:
            heapq.heappop(queue)
        else:
            heapq.heapreplace(queue, (-unit * float(p[i]) / (int(masses[i]) + 0.5 * unit), i))


def _refuse_rows(bad: npt.NDArray[np.bool_], what: str, values: npt.NDArray[np.integer], wanted: str) -> None:
    if bad.any():
        r = int(bad.argmax())
        raise CodecFileError(
            f"table row {r} has {what} {values[r]}; a row needs {wanted}. Export the codec again."
        )
