"""Enhance a large image tile by tile, so that memory stays bounded.

Each tile is given as many pixels on either side as an output pixel depends on, and what saw the tile's
artificial border is thrown away. One thing depends on the whole image: the attention weighs channels by
their means and maxima. So a first pass gathers these, and a second one computes all features again: to keep
those of a 12-megapixel photograph would take C * 48 MB. How an image is cut depends on its size and the
network alone, never on the machine.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from litcodec.layers.cbam import Pooled
from litcodec.transforms import GRDN

TILE = 1024  # pixels of the output, at most, on either side


class _Tile(NamedTuple):
    """A range of rows or columns of the image that comes in, and the range that has to be known for it."""

    first: int
    last: int
    first_seen: int
    last_seen: int

    def of_seen(self, v: Tensor, dim: int, *, scale: int) -> Tensor:
        """The tile itself, of what was computed of all that was seen."""
        return v.narrow(dim, (self.first - self.first_seen) * scale, (self.last - self.first) * scale)


def enhance_in_tiles(net: GRDN, x: Tensor) -> Tensor:
    """``net(x)``, without gradients.

    Args:
        net: the enhancer.
        x: (1, 3, H, W), H and W >= 1.

    Returns:
        (1, 3, scale * H, scale * W), not clamped.
    """
    H, W = x.shape[2:]
    x, scale = net.pad(x), net.scale
    tiles = [(down, across) for down in _cuts(net, x.shape[2]) for across in _cuts(net, x.shape[3])]
    with torch.inference_mode():
        if len(tiles) == 1:
            return net.enhance(x)[..., : scale * H, : scale * W]
        pooled = _pooled(net, x, tiles)
        out = x.new_empty(1, 3, scale * x.shape[2], scale * x.shape[3], dtype=torch.float32)
        for down, across in tiles:
            part = across.of_seen(net.enhance(_seen(x, down, across), pooled), 3, scale=scale)
            rows, columns = (slice(scale * side.first, scale * side.last) for side in (down, across))
            out[:, :, rows, columns] = down.of_seen(part, 2, scale=scale)
        return out[..., : scale * H, : scale * W]


def _pooled(net: GRDN, x: Tensor, tiles: list[tuple[_Tile, _Tile]]) -> Pooled:
    """What the attention to channels looks at, of the whole image."""
    B, C = x.shape[0], net.head.out_channels
    total = torch.zeros(B, C, dtype=torch.float64, device=x.device)
    maximum = torch.full((B, C), -math.inf, device=x.device)
    for down, across in tiles:
        features = across.of_seen(net.features(_seen(x, down, across)), 3, scale=1)
        mean, highest = net.attention.pool(down.of_seen(features, 2, scale=1))
        total += mean.double() * ((down.last - down.first) * (across.last - across.first))
        maximum = torch.maximum(maximum, highest)
    return Pooled((total / (x.shape[2] * x.shape[3])).float(), maximum)


def _cuts(net: GRDN, side: int) -> Iterator[_Tile]:
    """Equal tiles along a padded side, at even places: that is where 2x2 pixels become one."""
    most = TILE // net.scale
    count = -(-side // most)
    step = -(-side // count)
    step += step % 2
    halo = net.reach + net.reach % 2
    for first in range(0, side, step):
        last = min(first + step, side)
        yield _Tile(first, last, max(0, first - halo), min(side, last + halo))


def _seen(x: Tensor, down: _Tile, across: _Tile) -> Tensor:
    return x[:, :, down.first_seen : down.last_seen, across.first_seen : across.last_seen]
