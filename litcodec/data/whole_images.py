"""Whole images, one at a time, for validation, test and prediction."""

import logging
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from litcodec.data.formats import list_images
from litcodec.data.images import read_image
from litcodec.errors import EmptyDataset, ImageError, ShapeError
from litcodec.limits import MAX_PIXELS

log = logging.getLogger("litcodec.data")


class NamedImage(NamedTuple):
    """One image and the path it has below its folder."""

    name: str
    x: Tensor  # uint8 (3, H, W)


class ImageBatch(NamedTuple):
    """Images of one size, with their names; litcodec's own loaders give one at a time."""

    x: Tensor  # (B, 3, H, W); uint8 from the loader, float in [0, 1] once on its device
    names: tuple[str, ...]  # B


class WholeImages(Dataset[NamedImage]):
    """The readable images under a folder, or the one that ``root`` is.

    Every file is decoded once here: a damaged one is named in the log and left out, instead of ending a run
    hours later.

    Args:
        root: a folder, searched recursively, or an image file.
        limit: keep only this many, the first; None keeps all.
        max_pixels: limit of H * W for one image.

    Raises:
        EmptyDataset: no image file there, or none that can be read.
    """

    def __init__(self, root: str | Path, *, limit: int | None = None, max_pixels: int = MAX_PIXELS) -> None:
        one = Path(root).is_file()
        self.root = Path(root).parent if one else Path(root)
        self.max_pixels = max_pixels
        self.paths: list[Path] = []
        self.skipped: dict[str, str] = {}  # name -> why it was left out
        for path in [Path(root)] if one else list_images(root):
            if limit is not None and len(self.paths) >= limit:
                break
            try:
                read_image(path, max_pixels=max_pixels)
            except ImageError as error:
                self.skipped[self._name(path)] = str(error)
                log.warning("left out image %d: %s", len(self.skipped), error)
            else:
                self.paths.append(path)
        if not self.paths:
            raise EmptyDataset(
                f"No usable image in {root}: limit={limit}, {len(self.skipped)} unreadable"
                f"{''.join(f' (first: {reason})' for reason in list(self.skipped.values())[:1])}"
            )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> NamedImage:
        path = self.paths[index]
        return NamedImage(self._name(path), read_image(path, max_pixels=self.max_pixels))

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def image_loader(images: WholeImages, *, num_workers: int = 0) -> DataLoader[NamedImage]:
    """A loader of `ImageBatch` es of one image, in order.

    A plain DataLoader, so that Lightning can share the images out among ranks. To make the shares equal it
    repeats some; drop repeats by name when gathering.
    """
    return DataLoader(images, batch_size=1, num_workers=num_workers, collate_fn=_as_batch)


def _as_batch(images: list[NamedImage]) -> ImageBatch:
    (image,) = images
    return ImageBatch(image.x[None], (image.name,))


def as_image_batch(batch: Tensor | ImageBatch, index: int) -> ImageBatch:
    """A validation, test or prediction batch of any datamodule, as an `ImageBatch`.

    Args:
        batch: an `ImageBatch`, or images (B, 3, H, W): float in [0, 1] or uint8.
        index: of the batch, by which images without a name are named: "batch 3, image 0".

    Raises:
        ShapeError: if it is neither.
    """
    if isinstance(batch, ImageBatch):
        return batch
    if not isinstance(batch, Tensor) or batch.dim() != 4 or batch.shape[1] != 3:
        found = tuple(batch.shape) if isinstance(batch, Tensor) else type(batch).__name__
        raise ShapeError(f"a batch is a tensor (B, 3, H, W) or an ImageBatch; got {found}.")
    x = batch.float() / 255 if batch.dtype == torch.uint8 else batch
    return ImageBatch(x, tuple(f"batch {index}, image {k}" for k in range(len(x))))
