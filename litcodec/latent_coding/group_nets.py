"""What the networks of channel groups offer to their coder.

All values are float64 integers in units of 2^-12, all sums exact (see ``entropy.fixed_point``): what is
computed at once, and on how many threads, changes no bit.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from torch import Tensor

Places = slice | Tensor  # positions of (h * w): all, or these


class GroupGaussians(NamedTuple):
    """Of one group at n places, (g, n) each, new tensors."""

    scales: Tensor  # or their natural logarithms
    means: Tensor


class GroupWalk(Protocol):
    """The networks on one image, group after group: ``begin``, ``gaussians`` …, ``end``."""

    def begin(self, k: int) -> None:
        """Take up group k; those before have ended."""

    def see_anchors(self, values: Tensor) -> None:
        """Of group k these (g, h * w) are known too: 0 where there is no anchor."""

    def gaussians(self, places: Places) -> GroupGaussians:
        """Of group k, given what is known."""

    def end(self, values: Tensor) -> Tensor:
        """Make all values of group k, (g, h * w), known; y_hat of it, the same tensor if unrefined."""


class GroupNets(Protocol):
    """The networks of all groups, in fixed point."""

    @property
    def groups(self) -> Sequence[int]:
        """Channels of each group, in coding order."""

    @property
    def checkerboards(self) -> int:
        """How many groups, from the first, are coded as a checkerboard."""

    def walk(self, hyper_params: Tensor) -> GroupWalk:
        """Begin an image of ``hyper_params`` (1, C, h, w)."""

    def decoder_tensors(self) -> dict[str, Tensor]:
        """What a codec file has to hold of them."""
