"""Positions of a latent in the order in which a context model can take them, many at once."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from litcodec.errors import FreezeError
from litcodec.latent_coding.step_limit import check_steps

Offsets = Sequence[tuple[int, int]]  # (row, column) of what a position sees, relative to its own

BATCHED_STEPS = 4  # of a wavefront
CHECKERBOARD_POSITIONS = 1024  # of one step at most, so that memory is bounded; part of the format


class CodingOrder(NamedTuple):
    """In which order a context model takes positions."""

    steps: Callable[[Tensor], Iterator[Tensor]]  # positions of one step do not see one another
    batched: int = 1  # number of steps that share what can be computed before the first of them
    known_offsets: int = 0  # what is seen at the first offsets is known before the first of these steps
    visible: Callable[[Tensor], Tensor] | None = None  # positions (h, w) that may be seen; None: all


def coding_order_of(offsets: Offsets) -> CodingOrder:
    """The order in which a context of these offsets can be decoded.

    Args:
        offsets: in raster order; all before the position itself (a wavefront), or all of the opposite colour
            of a checkerboard.

    Raises:
        FreezeError: if they are neither.
    """
    if offsets and all(offset < (0, 0) for offset in offsets):
        return _wavefront_of(offsets)
    if offsets and all((row + column) % 2 for row, column in offsets):
        return CHECKERBOARD
    raise FreezeError(
        f"no coding order has a context of {list(offsets)[:8]} known in time: offsets are all before the "
        "position in raster order, or all have odd row + column."
    )


def _wavefront_of(offsets: Offsets) -> CodingOrder:
    """Positions with equal ``column + slope * row`` at once.

    The slope is the least that makes every offset an earlier step. For a 5x5 context it is 3: about
    ``w + 3 * (h - 1)`` steps instead of ``h * w``, with the same result as one by one in raster order.
    """
    slope = max([1, *(column // -row + 1 for row, column in offsets if row < 0)])
    earlier = [-(column + slope * row) for row, column in offsets]  # by how many steps
    known = next((k for k, steps in enumerate(earlier) if steps < BATCHED_STEPS), len(offsets))
    return CodingOrder(partial(wavefront, slope=slope), batched=BATCHED_STEPS, known_offsets=known)


def wavefront(y: Tensor, *, slope: int) -> Iterator[Tensor]:
    """The steps through a latent (B, C, h, w).

    Yields:
        (n,), ascending: indices of positions into (B * h * w), of all images at once.

    Raises:
        TooLarge: if there are too many steps.
    """
    B, _, h, w = y.shape
    check_steps(w + slope * (h - 1), rows=h, columns=w)
    rows, columns = torch.arange(h)[:, None], torch.arange(w)[None, :]
    steps = (columns + slope * rows).expand(B, h, w).flatten()
    order = torch.argsort(steps, stable=True).to(y.device)
    for positions in torch.split(order, torch.bincount(steps).tolist()):
        if positions.numel():
            yield positions


def checkerboard_anchors(y: Tensor) -> Tensor:
    """Which positions of (B, C, h, w) are anchors, (h, w) bool: those with even row + column."""
    rows, columns = (torch.arange(side, device=y.device) for side in y.shape[2:])
    return (rows[:, None] + columns) % 2 == 0


def checkerboard(y: Tensor) -> Iterator[Tensor]:
    """The steps through a latent (B, C, h, w): the anchors, then the others.

    Anchors see positions of the other colour alone, all of which are unknown, that is 0, when their turn
    comes. Positions of one colour do not see one another: how a colour is cut into steps changes no
    probability, but the steps are the parts of a string.

    Yields:
        (n,), ascending: indices of positions into (B * h * w).
    """
    first = checkerboard_anchors(y).expand(y.shape[0], -1, -1).flatten()
    for colour in (first, ~first):
        yield from torch.split(colour.nonzero()[:, 0], CHECKERBOARD_POSITIONS)


CHECKERBOARD = CodingOrder(checkerboard, visible=checkerboard_anchors)


def by_position(v: Tensor) -> Tensor:
    """(B, C, h, w) -> (B * h * w, C), in the order of the indices that the steps hold."""
    return v.permute(0, 2, 3, 1).reshape(-1, v.shape[1])


class KnownValues:
    """The values of a latent that are known so far; the rest, and all outside of the image, is 0.

    Args:
        size: (B, C, h, w) of the latent.
        offsets: of the positions that make a context.
        dtype: of the values.
        device: where they are.
    """

    def __init__(
        self,
        size: Sequence[int],
        offsets: Offsets,
        *,
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
    ) -> None:
        B, C, h, w = size
        self._reach = max(max(abs(row), abs(column)) for row, column in offsets)
        height, width = h + 2 * self._reach, w + 2 * self._reach
        self._padded = torch.zeros(B, height, width, C, dtype=dtype, device=device)
        everywhere = torch.arange(B * height * width, device=device).reshape(B, height, width)
        self._at = self._inside(everywhere).flatten()
        self._offsets = torch.tensor([row * width + column for row, column in offsets], device=device)

    def context(self, positions: Tensor, first: int = 0, last: int | None = None) -> Tensor:
        """What each of ``positions`` (n,) sees at ``offsets[first:last]``, (n, (last - first) * C)."""
        seen = self._at[positions][:, None] + self._offsets[first:last]
        return self._padded.flatten(0, 2)[seen].flatten(1)

    def put(self, positions: Tensor, values: Tensor) -> None:
        """Make the values (n, C) of ``positions`` (n,) known."""
        self._padded.flatten(0, 2)[self._at[positions]] = values

    def all(self) -> Tensor:
        """(B, C, h, w)."""
        return self._inside(self._padded).permute(0, 3, 1, 2).contiguous()

    def _inside(self, padded: Tensor) -> Tensor:
        return padded[:, self._reach : -self._reach, self._reach : -self._reach]
