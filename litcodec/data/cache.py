"""Keeps decoded photographs in memory, so that small sets are decoded only once."""

import numpy as np
from torch import Tensor

from litcodec.data.least import below_least
from litcodec.data.photographs import Photographs
from litcodec.errors import ShapeError


class CachedPhotographs:
    """The same photographs, as many of them kept decoded as fit. Changes no result.

    Photographs come in a random order that meets each once an epoch, so a cache that does not hold nearly all
    of them gains nothing: what does not fit is not kept, instead of pushing out what is.

    Args:
        photographs: what to read.
        megabytes: of decoded pixels to keep in each worker process; 0 keeps none.

    Raises:
        ShapeError: if ``megabytes`` is negative.
    """

    def __init__(self, photographs: Photographs, megabytes: int) -> None:
        if wrong := below_least("cache_mb", megabytes):
            raise ShapeError(wrong)
        self.photographs = photographs
        self.bytes_left = megabytes * 10**6
        self._kept: dict[int, Tensor] = {}

    def __len__(self) -> int:
        return len(self.photographs)

    def name(self, index: int) -> str:
        """The name of photograph ``index`` in logs."""
        return self.photographs.name(index)

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """A permutation of the indexes, a function of ``rng`` alone."""
        return self.photographs.order(rng)

    def read(self, index: int, *, min_side: int) -> Tensor:
        """One image, (3, H, W) uint8, which must not be written to."""
        kept = self._kept.get(index)
        if kept is not None and min(kept.shape[1:]) >= min_side:
            return kept
        photograph = self.photographs.read(index, min_side=min_side)
        if photograph.nbytes <= self.bytes_left:
            self._kept[index] = photograph
            self.bytes_left -= photograph.nbytes
        return photograph
