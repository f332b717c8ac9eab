"""What training patches are cut from: a numbered set of photographs."""

from pathlib import Path
from typing import Protocol

import numpy as np
from torch import Tensor

from litcodec.data.formats import list_images
from litcodec.data.images import read_image
from litcodec.limits import MAX_PIXELS


class Photographs(Protocol):
    """A numbered set of photographs with an order for every epoch."""

    def __len__(self) -> int:
        """How many there are, at least one."""
        ...

    def name(self, index: int) -> str:
        """What to call photograph ``index`` in a log."""
        ...

    def read(self, index: int, *, min_side: int) -> Tensor:
        """Photograph ``index`` as uint8 (3, H, W) with H and W >= ``min_side``.

        Raises:
            ImageError: it is unreadable, too large or too small.
        """
        ...

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """A permutation of ``range(len(self))``, a function of ``rng`` alone."""
        ...


class FolderPhotographs:
    """The image files under a folder; any order is as good as another.

    Args:
        root: a folder, searched recursively.
        max_pixels: limit of H * W for one photograph.

    Raises:
        EmptyDataset: no image file there.
    """

    def __init__(self, root: str | Path, *, max_pixels: int = MAX_PIXELS) -> None:
        self.root = Path(root)
        self.paths = list_images(root)
        self.max_pixels = max_pixels

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        """The path below the folder."""
        return self.paths[index].relative_to(self.root).as_posix()

    def read(self, index: int, *, min_side: int) -> Tensor:
        """Decode one file, (3, H, W) uint8; the sides are checked on its header."""
        return read_image(self.paths[index], max_pixels=self.max_pixels, min_side=min_side)

    def order(self, rng: np.random.Generator) -> np.ndarray:
        """A plain permutation."""
        return rng.permutation(len(self))
