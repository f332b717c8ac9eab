"""Places in the order in which a context model can take them, many at once.

A place's context is up to two rows above and, in its own row, two to the left. So all places with equal
``column + 3 * row`` depend on earlier ones only, and one step takes them all: about ``w + 3 * (h - 1)`` steps
instead of ``h * w``, with the same result as one by one in raster order.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

REACH = 2  # rows and columns that a 5x5 context looks to every side


def wavefront(y: Tensor) -> Iterator[Tensor]:
    """The steps through a latent (B, C, h, w).

    Yields:
        (n,), ascending: indices of places into (B * h * w), of all images at once.
    """
    B, _, h, w = y.shape
    rows, columns = torch.arange(h)[:, None], torch.arange(w)[None, :]
    steps = (columns + (REACH + 1) * rows).expand(B, h, w).flatten()
    order = torch.argsort(steps, stable=True).to(y.device)
    for places in torch.split(order, torch.bincount(steps).tolist()):
        if places.numel():
            yield places


class Order(NamedTuple):
    """In which order a context model takes places."""

    steps: Callable[[Tensor], Iterator[Tensor]]  # places of one step do not see one another
    together: int = 1  # so many steps share what can be computed before the first of them
    early: int = 0  # what a place sees at so many of its first offsets is known before the first of them


# A step's places see, of the row above and the own row, the four steps before; at the first 7 offsets in
# raster order, the row two above and the start of the one above, only what lies further back.
WAVEFRONT = Order(wavefront, together=4, early=7)


def by_place(v: Tensor) -> Tensor:
    """(B, C, h, w) -> (B * h * w, C), in the order of the indices that ``wavefront`` yields."""
    return v.permute(0, 2, 3, 1).reshape(-1, v.shape[1])


class KnownValues:
    """The values of a latent that are known so far; the rest, and all about the picture, is 0.

    Args:
        size: (B, C, h, w) of the latent.
        offsets: (row, column) of the places that make a context, relative to the place itself.
        dtype: of the values.
        device: where they are.
    """

    def __init__(
        self,
        size: Sequence[int],
        offsets: list[tuple[int, int]],
        *,
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
    ) -> None:
        B, C, h, w = size
        height, width = h + 2 * REACH, w + 2 * REACH
        self._padded = torch.zeros(B, height, width, C, dtype=dtype, device=device)
        everywhere = torch.arange(B * height * width, device=device).reshape(B, height, width)
        self._at = self._inside(everywhere).flatten()
        self._offsets = torch.tensor([row * width + column for row, column in offsets], device=device)

    def context(self, places: Tensor, first: int = 0, last: int | None = None) -> Tensor:
        """What each of ``places`` (n,) sees at ``offsets[first:last]``, (n, (last - first) * C)."""
        seen = self._at[places][:, None] + self._offsets[first:last]
        return self._padded.flatten(0, 2)[seen].flatten(1)

    def put(self, places: Tensor, values: Tensor) -> None:
        """Make the values (n, C) of ``places`` (n,) known."""
        self._padded.flatten(0, 2)[self._at[places]] = values

    def all(self) -> Tensor:
        """(B, C, h, w)."""
        return self._inside(self._padded).permute(0, 3, 1, 2).contiguous()

    @staticmethod
    def _inside(padded: Tensor) -> Tensor:
        return padded[:, REACH:-REACH, REACH:-REACH]
