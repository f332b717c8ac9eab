"""Run a transform over a large picture strip by strip, so that memory stays bounded.

A convolutional transform's output row depends on a few input rows about it. Each strip is given ``HALO`` more
latent rows on either side, and the outputs that saw the strip's artificial border are thrown away. What
remains is what the whole picture would have given. How a picture is cut depends on its size alone, never on
the machine.
"""

from collections.abc import Callable

import torch
from torch import Tensor

STRIP_PIXELS = 2**21
# In units of the coarser side of a transform. The 5x5/2 cascades reach 1/8 + 1/4 + 1/2 + 1 < 2, the blocks of
# ``transforms/cosine.py`` 1 + 3/2; a test compares strips with wholes.
HALO = 3


def in_strips(
    net: Callable[[Tensor], Tensor], x: Tensor, *, rows_in: int, rows_out: int, pixels_per_row: int
) -> Tensor:
    """Apply ``net`` to ``x`` in horizontal strips.

    Args:
        net: maps (1, C, n * rows_in, w) to (1, C', n * rows_out, w').
        x: (1, C, n * rows_in, w).
        rows_in: input rows per unit.
        rows_out: output rows per unit.
        pixels_per_row: image pixels that one unit stands for; a strip holds about ``STRIP_PIXELS``.

    Returns:
        ``net(x)``, (1, C', n * rows_out, w').
    """
    units = x.shape[2] // rows_in
    step = max(1, STRIP_PIXELS // pixels_per_row)
    if step >= units:
        return net(x)
    strips = []
    for first in range(0, units, step):
        last = min(first + step, units)
        above, below = min(HALO, first), min(HALO, units - last)
        strip = net(x[:, :, (first - above) * rows_in : (last + below) * rows_in])
        strips.append(strip[:, :, above * rows_out : strip.shape[2] - below * rows_out])
    return torch.cat(strips, dim=2)
