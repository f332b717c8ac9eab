"""Selects three rates to show, at each of which all codecs have files of about the same size."""

import math
from collections.abc import Sequence
from typing import NamedTuple, get_args

from litcodec.report.data import Level

FRACTIONS = (0.15, 0.5, 0.85)  # of the shared range, in log bytes: low, middle, high
NARROWEST = 1.25  # times its lower end: a shared range that is narrower has no low and high


class Target(NamedTuple):
    """A rate to look at one image at."""

    level: Level
    bytes: float


def targets(sizes: Sequence[Sequence[int]]) -> tuple[Target, ...]:
    """Rates at which codecs can be compared on one image.

    All codecs have files between the largest of their smallest and the smallest of their largest sizes. The
    wanted sizes lie at 15 %, 50 % and 85 % of that range, in log bytes; each is then replaced by the size
    of the first codec's nearest file in the range, if it has any, so that at least that one is met exactly.

    Where the range is empty or narrower than a quarter of its lower end, there is only "middle": the size
    for which the codec that misses it most misses it least.

    Args:
        sizes: of each codec's files of the image, at least one each, in bytes.
    """
    low, high = max(map(min, sizes)), min(map(max, sizes))
    if high < NARROWEST * low:
        return (Target("middle", math.sqrt(low * high)),)
    wanted = [low * (high / low) ** fraction for fraction in FRACTIONS]
    inside = [size for size in sizes[0] if low <= size <= high]
    if inside:
        wanted = [inside[nearest(inside, size)] for size in wanted]
    return tuple(Target(level, size) for level, size in zip(get_args(Level), wanted, strict=True))


def shared(sizes: Sequence[Sequence[int]]) -> bool:
    """Whether there is a size that lies within every codec's range."""
    return max(map(min, sizes)) <= min(map(max, sizes))


def nearest(sizes: Sequence[int], target: float) -> int:
    """Position of the size whose ratio to ``target`` is nearest to 1."""
    return min(range(len(sizes)), key=lambda k: abs(math.log(sizes[k] / target)))
