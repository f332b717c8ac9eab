"""Training patches as pure functions of a seed and a position.

Positions 0, 1, 2, ... number the photographs in the order in which training meets them, epoch after epoch. A
*window* is a run of consecutive positions, as many as all ranks together need for one batch; each of its
photographs is decoded once and gives several random crops, hence several batches. Nothing here has a state:
window j is the same whoever computes it, which is what makes resuming, any number of workers and any number
of ranks exact.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from litcodec.data.least import below_least
from litcodec.data.photographs import Photographs
from litcodec.errors import EmptyDataset, ImageError, ShapeError, TooSmallImage

# numpy pads seeds with zeros, so (seed, epoch) and (seed, epoch, 0) would be one stream; these keep them
# apart.
_ORDER, _CROP = 1, 2


class Skipped(NamedTuple):
    """A photograph that could not be used."""

    name: str
    reason: str


class Window(NamedTuple):
    """The next K batches of one rank."""

    patches: Tensor  # uint8 (K, B, 3, P, P); the K batches show the same B photographs
    skipped: tuple[Skipped, ...]


class PatchWindows(Dataset[Window]):
    """Window j of the training stream, as seen by one rank.

    Window j covers positions j*G .. j*G + G-1 with G = ``batch_size * world_size``; rank r takes the r-th
    slice of ``batch_size``, so the ranks' slices laid side by side are the batch of one process with
    ``batch_size`` G. Position p shows photograph ``order(seed, p // n)[p % n]`` of n. One that cannot be used
    is replaced by the next usable one of the same order.

    Args:
        photographs: where the pixels come from.
        patch_size: P, side of a patch in pixels.
        batch_size: B, patches per batch and rank.
        crops_per_image: K, random crops per decoded photograph.
        seed: >= 0; another seed, another stream.
        rank: number of this process.
        world_size: number of processes.

    Raises:
        ShapeError: an option is out of range.
    """

    def __init__(
        self,
        photographs: Photographs,
        *,
        patch_size: int,
        batch_size: int,
        crops_per_image: int = 8,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        for name, value in (
            ("patch_size", patch_size),
            ("batch_size", batch_size),
            ("crops_per_image", crops_per_image),
            ("seed", seed),
        ):
            if wrong := below_least(name, value):
                raise ShapeError(wrong)
        if not 0 <= rank < world_size:
            raise ShapeError(f"rank must be in 0..{world_size - 1} (world_size={world_size}); got {rank}.")
        self.photographs = photographs
        self.patch_size = patch_size
        self.batch_size = batch_size
        self.crops_per_image = crops_per_image
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self._order: tuple[int, np.ndarray] = (-1, np.empty(0, dtype=np.int64))  # the last epoch's
        self.unusable: dict[
            int, ImageError
        ] = {}  # by photograph; saves reading a bad file again, changes no result

    def __getitem__(self, index: int) -> Window:
        """Window ``index`` >= 0.

        Raises:
            EmptyDataset: none of the photographs can be used.
        """
        K, B, P = self.crops_per_image, self.batch_size, self.patch_size
        # Stored pixel by pixel: every batch is channels-last already, and a crop copies whole rows.
        patches = torch.empty((K, B, P, P, 3), dtype=torch.uint8).permute(0, 1, 4, 2, 3)
        skipped: list[Skipped] = []
        first = (index * self.world_size + self.rank) * B
        for b in range(B):
            photograph = self._photograph(first + b, skipped)
            for k in range(K):
                patches[k, b] = self._crop(photograph, first + b, k)
        return Window(patches, tuple(skipped))

    def _photograph(self, position: int, skipped: list[Skipped]) -> Tensor:
        """The photograph at a position, uint8 (3, H, W), or the next usable one."""
        n = len(self.photographs)
        order = self._order_of(position // n)
        for step in range(n):
            index = int(order[(position + step) % n])
            if index not in self.unusable:
                try:
                    return self.photographs.read(index, min_side=self.patch_size)
                except ImageError as error:
                    self.unusable[index] = error
            skipped.append(Skipped(self.photographs.name(index), str(self.unusable[index])))
        too_small = sum(isinstance(error, TooSmallImage) for error in self.unusable.values())
        raise EmptyDataset(
            f"None of the {n} photographs can be used: {too_small} smaller than patch_size={self.patch_size},"
            f" {n - too_small} unreadable (first: {next(iter(self.unusable.values()))})"
        )

    def _crop(self, photograph: Tensor, position: int, k: int) -> Tensor:
        """Crop k of the photograph at a position, mirrored half of the time, (3, P, P)."""
        P = self.patch_size
        _, H, W = photograph.shape
        top, left, mirrored = np.random.default_rng((self.seed, _CROP, position, k)).integers(
            (H - P + 1, W - P + 1, 2)
        )
        patch = photograph[:, top : top + P, left : left + P]
        return patch.flip(2) if mirrored else patch

    def _order_of(self, epoch: int) -> np.ndarray:
        if self._order[0] != epoch:
            rng = np.random.default_rng((self.seed, _ORDER, epoch))
            self._order = (epoch, self.photographs.order(rng))
        return self._order[1]
