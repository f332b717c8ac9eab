"""Symbols 0 .. L-1 <-> bytes, each with its own probabilities: integers looked up from logits.

Exactness is that of ``blocks.py``: entry i of L has the left boundary ``i + G[i]``, and constriction is given
the weights ``G[i + 1] - G[i]``, whose sum is ``2^24 - L``.
"""

import constriction
import numpy as np
import numpy.typing as npt

from litcodec.coding.least_bits import check_length, least_bits_of_mass
from litcodec.coding.logistic_tables import EXP_STEP_BITS, PARAMETER_BITS, logistic_tables
from litcodec.coding.strings import OpenString, string_of
from litcodec.coding.tables import PRECISION

_Family = constriction.stream.model.Categorical
_STEP_BITS = PARAMETER_BITS - EXP_STEP_BITS

Floats = npt.NDArray[np.float64]


def choice_weights(logits: Floats) -> Floats:
    """Weights (n, L), whole numbers whose rows sum to ``2^24 - L``, of logits (n, L) in units of 2^-12."""
    L = logits.shape[1]
    off = (
        (logits.max(axis=1, keepdims=True) - logits).astype(np.int64) + (1 << (_STEP_BITS - 1))
    ) >> _STEP_BITS
    below = np.zeros((len(logits), L + 1), np.int64)
    np.cumsum(np.take(logistic_tables().exponentials, off, mode="clip"), axis=1, out=below[:, 1:])
    below = below * ((1 << PRECISION) - L) // below[:, -1:]
    weights: Floats = np.diff(below, axis=1).astype(np.float64)
    return weights


def choice_bits(symbols: npt.NDArray[np.int32], weights: Floats) -> npt.NDArray[np.float32]:
    """The information content of symbols (n,), in bits."""
    masses = np.take_along_axis(weights, symbols[:, None].astype(np.int64), axis=1)[:, 0] + 1
    bits: npt.NDArray[np.float32] = (PRECISION - np.log2(masses)).astype(np.float32)
    return bits


class ChoiceEncoder:
    """A string being written."""

    def __init__(self) -> None:
        self._encoder = constriction.stream.queue.RangeEncoder()

    def encode(self, symbols: npt.NDArray[np.int32], weights: Floats) -> None:
        """Append symbols (n,) with the weights (n, L) of each."""
        self._encoder.encode(symbols, _Family(perfect=False), weights)

    def finish(self) -> bytes:
        """The whole string."""
        return string_of(self._encoder)


class ChoiceDecoder:
    """A string being read.

    Args:
        data: the string.
        symbols: how many it is said to hold.
        choices: L.
        most: the mass of the most probable symbol of all, where that is known beforehand.

    Raises:
        Corrupt: if no encoder can have written it.
    """

    def __init__(self, data: bytes, symbols: int, choices: int, most: int | None = None) -> None:
        self._string = OpenString(data)
        check_length(len(data), symbols, least_bits_of_mass(most or (1 << PRECISION) - choices + 1) * symbols)
        self._family = _Family(perfect=False)

    def decode(self, weights: Floats) -> npt.NDArray[np.int32]:
        """The next symbols, (n,), one for each row of weights (n, L).

        Raises:
            Corrupt: if ``encode`` cannot have written them. Not all damage shows.
        """
        with self._string.decoder() as decoder:
            found: npt.NDArray[np.int32] = decoder.decode(self._family, weights)
        return found

    def finish(self) -> None:
        """Check that the string ends here.

        Raises:
            Corrupt: if it goes on.
        """
        self._string.finish()
