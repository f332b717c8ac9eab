"""Upsamples grids by 2 with learned separable filters."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.ops.doubling import REACH, double

# A cubic spline (Catmull-Rom) a quarter of a sample to the left of the third of four samples.
CUBIC = (-0.0234375, 0.2265625, 0.8671875, -0.0703125)


class Upsampling(nn.Module):
    """Doubles the sides of a stack of grids; one filter for each doubling.

    The even and the odd outputs of a doubling have the same taps, mirrored, in both directions: four numbers.

    Args:
        levels: how many grids there are; there is one doubling less.
    """

    def __init__(self, levels: int) -> None:
        super().__init__()
        self.taps = nn.Parameter(torch.tensor(CUBIC).repeat(max(levels - 1, 0), 1))

    def forward(self, u: Tensor, level: int, h: int, w: int) -> Tensor:
        """``u`` (C, ceil(h / 2), ceil(w / 2)) doubled, (C, h, w); ``level`` is the output's."""
        padded = F.pad(u[None], (REACH,) * 4, mode="replicate")[0]
        return self.doubled(padded, level)[:, :h, :w]

    def doubled(self, padded: Tensor, level: int, *, taught: bool = True) -> Tensor:
        """The same, (C, 2 * a, 2 * b), of a ``u`` with 2 more samples on each side, (C, a + 4, b + 4).

        Not ``taught``, the filter gets no gradient from it.
        """
        taps = self.taps[level] if taught else self.taps[level].detach()
        return double(double(padded, taps, 2), taps, 1)  # columns, the slower ones, of half of the rows
