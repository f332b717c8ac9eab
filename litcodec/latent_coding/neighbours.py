"""Exact sums over 3x3 neighbours, as nine matrix products.

torch's float64 convolution writes every neighbour of every place out first, nine times what it reads. Sums
are exact (see ``entropy.fixed_point``): their order changes no bit.
"""

import torch
from torch import Tensor

from litcodec.entropy.fixed_point import ACTIVATION_MAX

AT_ONCE = 2**13  # places of one product; it changes no bit


class Neighbourhood:
    """Values of h * w places in rows, within +-``ACTIVATION_MAX``, zeros around.

    Args:
        channels: C of each place.
        h: rows of places.
        w: columns of places.
    """

    def __init__(self, channels: int, h: int, w: int) -> None:
        self.h, self.w = h, w
        # Whole numbers up to 2^24 are exact in float32.
        self.values = torch.zeros(h + 2, w + 2, channels, dtype=torch.float32)

    def put(self, first: int, values: Tensor) -> None:
        """Keep ``values`` (n, h * w), float64 integers, clamped, as the channels from ``first``."""
        bounded = values.clamp(-ACTIVATION_MAX, ACTIVATION_MAX).reshape(-1, self.h, self.w)
        self.values[1:-1, 1:-1, first : first + len(values)] = bounded.permute(1, 2, 0)


class NeighbourSums:
    """A 3x3 convolution of the first channels of a ``Neighbourhood``.

    Args:
        weight: (C', C, 3, 3), float64 integers.
    """

    def __init__(self, weight: Tensor) -> None:
        self.channels = weight.shape[1]
        self._taps = weight.permute(2, 3, 1, 0).flatten(0, 1).contiguous()  # (9, C, C')

    def __call__(self, seen: Neighbourhood, sums: Tensor) -> Tensor:
        """Add the sums of all places to ``sums`` (h * w, C'), or to a new tensor if it is a bias, (C',)."""
        h, w = seen.h, seen.w
        if sums.dim() == 1:
            sums = sums.expand(h * w, -1).clone()
        into, rows = sums.view(h, w, -1), max(1, AT_ONCE // w)
        for top in range(0, h, rows):
            n = min(rows, h - top)
            # With the columns around, each neighbour lies a fixed number of places further.
            places = seen.values[top : top + n + 2, :, : self.channels].double().flatten(0, 1)
            count = n * (w + 2) - 2
            found = sums.new_zeros(n * (w + 2), sums.shape[1])
            for k, tap in enumerate(self._taps):
                start = k // 3 * (w + 2) + k % 3
                found[:count].addmm_(places[start : start + count], tap)
            into[top : top + n] += found.view(n, w + 2, -1)[:, :w]
        return sums
