"""Run a network over a large image strip by strip, so that memory stays bounded.

Each strip is given as many more units on either side as an output depends on, and the outputs that saw the
strip's artificial border are thrown away. What remains is what the whole image would have given. How an image
is cut depends on its size and the network alone, never on the machine.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from litcodec.latent_coding.geometry import receptive_rows

STRIP_PIXELS = 2**21


class InStrips:
    """A network that takes inputs of any height.

    Args:
        net: maps (1, C, n * rows_in, w) to (1, C', n * rows_out, w').
        rows_in: input rows of a unit.
        rows_out: output rows of a unit.
        columns_in: input columns for each column of units.
        pixels: image pixels, rows times columns, that a unit of one column stands for; a strip holds about
            ``STRIP_PIXELS``.
    """

    def __init__(
        self, net: Callable[[Tensor], Tensor], *, rows_in: int, rows_out: int, columns_in: int, pixels: int
    ) -> None:
        self.net, self.rows_in, self.rows_out = net, rows_in, rows_out
        self.columns_in, self.pixels = columns_in, pixels
        self._halo: dict[int, int | None] = {}  # probed when first needed, by the number of channels

    def __call__(self, x: Tensor) -> Tensor:
        """``net(x)`` for x (1, C, n * rows_in, w)."""
        units = x.shape[2] // self.rows_in
        step = max(1, STRIP_PIXELS // (self.pixels * max(1, x.shape[3] // self.columns_in)))
        halo = self.halo(x) if step < units else None
        if halo is None:  # small, or every output depends on every input
            return self.net(x)
        found: Tensor | None = None
        for first in range(0, units, step):
            last = min(first + step, units)
            above, below = min(halo, first), min(halo, units - last)
            strip = self.net(x[:, :, (first - above) * self.rows_in : (last + below) * self.rows_in])
            if found is None:
                found = _for_all(strip, units * self.rows_out)
            kept = strip[:, :, above * self.rows_out : strip.shape[2] - below * self.rows_out]
            found[:, :, first * self.rows_out : last * self.rows_out] = kept
            del strip, kept  # before the next one takes memory
        assert found is not None
        return found

    def halo(self, like: Tensor) -> int | None:
        """Units to either side that an output depends on, for inputs like this (1, C, …); None: all."""
        channels = like.shape[1]
        if channels not in self._halo:
            self._halo[channels] = receptive_rows(
                self.net, like[:, :, :0, :0], rows_in=self.rows_in, rows_out=self.rows_out
            )
        return self._halo[channels]


def _for_all(strip: Tensor, rows: int) -> Tensor:
    """An empty tensor like a strip, but with all rows."""
    B, C, _, W = strip.shape
    by_pixel = not strip.is_contiguous() and strip.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if by_pixel else torch.contiguous_format
    return torch.empty(B, C, rows, W, dtype=strip.dtype, device=strip.device, memory_format=layout)
