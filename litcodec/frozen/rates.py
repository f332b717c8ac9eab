"""The rates of a variable-rate codec: how users, streams and training name them."""

import math
from typing import NamedTuple

from torch import Tensor

from litcodec.errors import ShapeError

LEVELS = 256  # one byte of the stream
MIDDLE = LEVELS // 2
QUALITIES = (1.0, 100.0)  # the lowest and the highest level, as users call them


class RateRange(NamedTuple):
    """From which weight of the distortion to which; levels lie between at equal distances in log(lmbda)."""

    lmbda_min: float
    lmbda_max: float

    @property
    def log_span(self) -> float:
        """Natural logarithm of the highest lmbda over the lowest."""
        return math.log(self.lmbda_max / self.lmbda_min)

    @property
    def middle(self) -> float:
        """The lmbda of the middle level."""
        return self.lmbda(MIDDLE)

    def lmbda(self, level: int) -> float:
        """What a level, 0..255, stands for."""
        return self.lmbda_min * math.exp(self.log_span * place(level))

    def lmbdas(self, where: Tensor) -> Tensor:
        """What places in the range stand for, 0 the lowest rate, 1 the highest: log-uniform, if they are."""
        return self.lmbda_min * (self.log_span * where).exp()


def place(level: int) -> float:
    """Where in its range a level lies: 0 is the lowest rate, 1 the highest.

    Raises:
        ShapeError: if there is no such level.
    """
    if level not in range(LEVELS):
        raise ShapeError(f"a level is a whole number of 0..{LEVELS - 1}; got {level}.")
    return level / (LEVELS - 1)


def level_of(quality: float) -> int:
    """The level nearest to a quality of 1 to 100.

    Raises:
        ShapeError: if it is none.
    """
    lowest, highest = QUALITIES
    if not lowest <= quality <= highest:
        raise ShapeError(f"a quality is {lowest:g} to {highest:g}; got {quality:g}.")
    return round((quality - lowest) / (highest - lowest) * (LEVELS - 1))


def quality_of(level: int) -> float:
    """A quality with one decimal that ``level_of`` takes back to ``level``."""
    lowest, highest = QUALITIES
    return round(lowest + (highest - lowest) * place(level), 1)
