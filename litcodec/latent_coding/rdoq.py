"""Rate-distortion optimised quantisation (RDOQ): an encoder that weighs bits against errors when it rounds.

As encoders of video do it: Karczewicz, Ye, Chong, "Rate distortion optimized quantization", ITU-T VCEG-AH21,
2008. A decoder does not know of it.
"""

import numpy as np
import torch
from torch import Tensor

from litcodec.coding import PRECISION, IntegerTables
from litcodec.errors import FreezeError

LARGEST = 64  # larger symbols have the border of the last: there one step more costs next to nothing
AT_ONCE = 2**20  # values


class RDOQ:
    """Rounds towards 0 where the bits that this saves are worth more than the error that it makes.

    A latent between k and k + 1 becomes k + 1 only where ``bits(k + 1) - bits(k)`` is less than
    ``rdoq_lambda * ((v - k)^2 - (k + 1 - v)^2)``: beyond
    ``1/2 + (bits(k + 1) - bits(k)) / (2 * rdoq_lambda)``.
    For a uniform quantiser whose step is best at high rates a squared error of one step is worth
    ``6 / ln 2 = 8.7`` bits; trained codecs measure more.

    Args:
        tables: rows that fall off to either side of 0 alike, as those of Gaussians.
        rdoq_lambda: how many bits a squared error of one quantisation step is worth, above 0; with infinity
            it rounds to the nearest.

    Raises:
        FreezeError: if it is not, or a row has no symbol 0.
    """

    def __init__(self, tables: IntegerTables, rdoq_lambda: float) -> None:
        if not rdoq_lambda > 0:
            raise FreezeError(f"rdoq_lambda must be above 0; got {rdoq_lambda}.")
        if ((tables.offsets > 0) | (tables.offsets + tables.lengths < 2)).any():
            raise FreezeError("a table row has no symbol 0, which rounding towards 0 needs.")
        self.rdoq_lambda = rdoq_lambda
        starts = np.cumsum(tables.lengths) - tables.lengths
        steps = np.zeros((len(tables.lengths), LARGEST))
        for row, (start, length, offset) in enumerate(
            zip(starts, tables.lengths, tables.offsets, strict=True)
        ):
            masses = tables.masses[start - offset : start + length - 1]  # of the symbols 0, 1, 2, ...
            bits = PRECISION - np.log2(masses[: LARGEST + 1].astype(np.float64))
            steps[row, : len(bits) - 1] = np.diff(bits)
        self._borders = torch.from_numpy((0.5 + steps / (2 * rdoq_lambda)).clip(0.5, 1.0))

    def __call__(self, v: Tensor, indexes: "np.ndarray[tuple[int], np.dtype[np.uint8]]") -> Tensor:
        """The symbols of ``v``, float64 of any shape, whose elements have these CDF indexes."""
        symbols = torch.empty_like(v, memory_format=torch.contiguous_format)
        into, values = symbols.flatten(), v.flatten()
        for a in range(0, len(values), AT_ONCE):  # so that temporary tensors stay small
            some = values[a : a + AT_ONCE]
            size = some.abs()
            below = size.floor()
            row = torch.from_numpy(indexes[a : a + AT_ONCE].astype(np.int64))
            border = self._borders[row, below.clamp(max=LARGEST - 1).long()]
            into[a : a + AT_ONCE] = some.sign() * (below + (size - below >= border))
        return symbols
