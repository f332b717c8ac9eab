"""Predicts each symbol's distribution from symbols decoded before it: one small network for all grids.

Symbols are coded from the coarsest grid to the finest, in each along the lines ``column + 2 * row``. The
network sees the nearest decoded symbols of the same grid and three features of the coarser ones: the parent,
and how large the symbols about the parent and about the grandparent are.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.errors import OptionError
from litcodec.ops.laplace import laplace_bits
from litcodec.ops.pointwise import pointwise
from litcodec.ops.shifts import shifts

# (row, column) relative to the symbol, nearest first; each lies on an earlier line column + 2 * row.
NEIGHBOURS = ((0, -1), (-1, 0), (-1, -1), (-1, 1), (0, -2), (-2, 0), (-2, 1), (-2, -1))
ABOVE = 2
BESIDE = 2
SLOPE = 2
FEATURES = 3  # the parent, its surroundings' mean magnitude, that of the grandparent's
LOG_SCALE_MIN, LOG_SCALE_MAX = -3.5, 4.5
LIKELIHOOD_MIN = 2.0**-18


class EntropyNetwork(nn.Module):
    """Mean and log-scale of the Laplace distribution of every symbol.

    Args:
        context: how many of ``NEIGHBOURS`` it sees.
        width: of the hidden layers.
        layers: how many.

    Raises:
        OptionError: if there are not as many.
    """

    def __init__(self, *, context: int, width: int, layers: int) -> None:
        super().__init__()
        if not 1 <= context <= len(NEIGHBOURS) or layers < 1:
            raise OptionError(f"1 to {len(NEIGHBOURS)} neighbours and a layer; got {context} and {layers}.")
        self.context = context
        inputs = context + FEATURES
        sizes = [inputs, *[width] * layers]
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(sizes))
        self.out = nn.Linear(width, 2)
        self.linear = nn.Linear(inputs, 2, bias=False)
        with torch.no_grad():
            self.out.weight.div_(4)
            self.out.bias.copy_(torch.tensor([0.0, -1.0]))
            self.linear.weight.zero_()
            for layer in list(self.hidden)[1:]:
                assert isinstance(layer, nn.Linear)
                layer.weight.copy_(torch.eye(width) + layer.weight / 4)

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Means and log-scales, (n,) each, given what is seen of n symbols, (context + 3, n)."""
        layers = [(layer.weight, layer.bias) for layer in (*self.hidden, self.out)]
        means, log_scales = pointwise(seen, self.linear.weight, layers).unbind()
        return means, log_scales

    def bits(self, padded: Tensor, features: Tensor) -> Tensor:
        """What the symbols of some rows of a grid cost together.

        Args:
            padded: the rows and what surrounds them, (2 + h, 2 + w + 2).
            features: (3, h, w).

        Returns:
            bits, scalar.
        """
        h, w = features.shape[1:]
        offsets = tuple((ABOVE + r, BESIDE + c) for r, c in ((0, 0), *NEIGHBOURS[: self.context]))
        seen = shifts(padded, offsets, h, w)
        means, log_scales = self(torch.cat([seen[1:], features]).flatten(1))
        return laplace_bits(
            seen[0].flatten(),
            means,
            log_scales,
            low=LOG_SCALE_MIN,
            high=LOG_SCALE_MAX,
            least=LIKELIHOOD_MIN,
        )


def surround(y: Tensor) -> Tensor:
    """A grid (h, w) with the zeros that lie about it, (2 + h, 2 + w + 2)."""
    return F.pad(y, (BESIDE, BESIDE, ABOVE, 0))


def features_of(y: list[Tensor], level: int) -> Tensor:
    """The three features (3, h, w) of a grid's symbols; ``y`` are all grids, the finest first."""
    h, w = y[level].shape
    parent = y[level + 1] if level + 1 < len(y) else y[level].new_zeros(-(-h // 2), -(-w // 2))
    around = torch.stack([parent, _magnitude(parent)])
    if level + 2 < len(y):
        grand = _repeat(_magnitude(y[level + 2])[None], *parent.shape)
    else:
        grand = torch.zeros_like(parent)[None]
    return _repeat(torch.cat([around, grand]), h, w)


def _magnitude(y: Tensor) -> Tensor:
    """The sum of the absolute values of the 3x3 symbols about each, divided by 8."""
    return F.avg_pool2d(y.abs()[None], 3, stride=1, padding=1, divisor_override=8)[0]


def _repeat(u: Tensor, h: int, w: int) -> Tensor:
    C, a, b = u.shape
    return u[:, :, None, :, None].expand(C, a, 2, b, 2).reshape(C, 2 * a, 2 * b)[:, :h, :w]
