"""The order of a checkerboard context: first the places of one colour, then those of the other.

Anchors, where row + column is even, see places of the other colour alone, all of which are unknown, that is
0, when their turn comes. Places of one colour do not see one another: how a colour is cut into steps changes
no probability, but the steps are the parts of a string.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from litcodec.codecs.wavefront import Order

PLACES = 1024  # of one step at most, so that memory is bounded; part of the format


def anchors(y: Tensor) -> Tensor:
    """Which places of (B, C, h, w) are anchors, (h, w) bool."""
    rows, columns = (torch.arange(side, device=y.device) for side in y.shape[2:])
    return (rows[:, None] + columns) % 2 == 0


def checkerboard(y: Tensor) -> Iterator[Tensor]:
    """The steps through a latent (B, C, h, w).

    Yields:
        (n,), ascending: indices of places into (B * h * w).
    """
    first = anchors(y).expand(y.shape[0], -1, -1).flatten()
    for colour in (first, ~first):
        yield from torch.split(colour.nonzero()[:, 0], PLACES)


CHECKERBOARD = Order(checkerboard)
