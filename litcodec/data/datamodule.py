"""Lightning datamodules: training patches from a folder or from shards, whole images for everything else."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from litcodec.data.bundled import bundled_photographs
from litcodec.data.cache import CachedPhotographs
from litcodec.data.formats import list_images
from litcodec.data.least import LEAST, below_least
from litcodec.data.loader import PatchLoader
from litcodec.data.photographs import FolderPhotographs, Photographs
from litcodec.data.shards import ShardTiles
from litcodec.data.whole_images import ImageBatch, NamedImage, WholeImages, image_loader
from litcodec.data.windows import PatchWindows
from litcodec.errors import OptionError, UnreadableImage
from litcodec.limits import MAX_PIXELS

ExistingFolder = str  # by this name configurations are checked for it before anything is imported


@dataclass(kw_only=True, eq=False)
class PhotographsDataModule(L.LightningDataModule):
    """Patches of some photographs to train on, whole images to validate, test and predict on.

    Images travel to the device as 8-bit integers and become float in [0, 1] there. A training batch is a
    tensor (B, 3, P, P), channels last; any other batch is an `ImageBatch` of one image.

    Args:
        val_dir: folder of whole images for validation, test and prediction; None is the bundled held-back
            ones.
        patch_size: side of a training patch in pixels; smaller photographs are skipped.
        batch_size: patches per step on each device.
        crops_per_image: patches cut from a photograph each time it is decoded. Consecutive batches show the
            same photographs; 1 mixes best, 8 decodes an eighth as often.
        steps_per_epoch: batches per epoch; None means each photograph about once.
        num_workers: processes that decode. The order of patches does not depend on it.
        cache_mb: megabytes of decoded photographs that each worker keeps: small sets are decoded once.
        seed: another seed, another order and other crops.
        val_limit: use only this many whole images, the first; None uses all.
        max_pixels: larger images are skipped.
    """

    val_dir: ExistingFolder | None = None
    patch_size: int = 256
    batch_size: int = 8
    crops_per_image: int = 8
    steps_per_epoch: int | None = None
    num_workers: int = 2
    cache_mb: int = 256
    seed: int = 0
    val_limit: int | None = None
    max_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        super().__init__()
        for name in LEAST:  # here, before there is a run and its folder
            if wrong := below_least(name, getattr(self, name)):
                raise OptionError(f"data.{wrong}")
        self.loader: PatchLoader | None = None  # of the training patches
        self.images: WholeImages | None = None  # of validation, test and prediction
        self._start = 0

    @abstractmethod
    def open_photographs(self) -> Photographs:
        """What to cut training patches from."""

    def setup(self, stage: str) -> None:
        """Find the whole images and leave out those that cannot be read; a fit starts at the first patch."""
        if stage == "fit":
            self.loader, self._start = None, 0  # a checkpoint is loaded after this
        if self.images is None:
            folder = bundled_photographs() / "heldback" if self.val_dir is None else self.val_dir
            self.images = WholeImages(folder, limit=self.val_limit, max_pixels=self.max_pixels)

    def train_dataloader(self) -> PatchLoader:
        """Batches of this rank, going on after those trained on, here or before a checkpoint."""
        windows = PatchWindows(
            CachedPhotographs(self.open_photographs(), self.cache_mb),
            patch_size=self.patch_size,
            batch_size=self.batch_size,
            crops_per_image=self.crops_per_image,
            seed=self.seed,
            rank=0 if self.trainer is None else self.trainer.global_rank,
            world_size=1 if self.trainer is None else self.trainer.world_size,
        )
        self.loader = PatchLoader(
            windows,
            steps_per_epoch=self.steps_per_epoch,
            num_workers=self.num_workers,
            start=self.state_dict()["step"],
        )
        return self.loader

    def val_dataloader(self) -> DataLoader[NamedImage]:
        """The whole images, one by one."""
        self.setup("validate")
        assert self.images is not None
        return image_loader(self.images, num_workers=self.num_workers)

    def test_dataloader(self) -> DataLoader[NamedImage]:
        """The same images as in validation."""
        return self.val_dataloader()

    def predict_dataloader(self) -> DataLoader[NamedImage]:
        """The same images as in validation."""
        return self.val_dataloader()

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """8-bit integers to float in [0, 1], on the device."""
        if isinstance(batch, ImageBatch):
            return batch._replace(x=_unit_range(batch.x))
        return _unit_range(batch) if isinstance(batch, Tensor) else batch

    def state_dict(self) -> dict[str, Any]:
        """How many batches have been trained on.

        Lightning saves the loader's own state too, but forgets to load it when something asks for
        ``trainer.estimated_stepping_batches`` while optimizers are configured
        (https://github.com/Lightning-AI/pytorch-lightning/issues/20550). This one arrives in any case.
        """
        return {"step": self._start if self.loader is None else self.loader.step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Start the next `train_dataloader` after those batches."""
        self.loader, self._start = None, state_dict["step"]


@dataclass(kw_only=True, eq=False)
class FolderDataModule(PhotographsDataModule):
    """Photographs from folders; nothing to prepare.

    Args:
        train_dir: folder to cut training patches from, searched recursively; None is the bundled photographs.
    """

    train_dir: ExistingFolder | None = None

    def open_photographs(self) -> FolderPhotographs:
        """The image files under ``train_dir``."""
        folder = bundled_photographs() / "train" if self.train_dir is None else self.train_dir
        return FolderPhotographs(folder, max_pixels=self.max_pixels)


@dataclass(kw_only=True, eq=False)
class StreamDataModule(PhotographsDataModule):
    """Training tiles streamed from shards that ``litcodec prepare`` wrote.

    Args:
        train_url: local folder or object store (s3://, gs://, ...) with the shards.
        cache_dir: where chunks from an object store are kept; None is litdata's default in the home folder.
        cache_chunks: keep fetched chunks on disk; False fetches tile by tile and keeps nothing.
    """

    train_url: str
    cache_dir: str | None = None
    cache_chunks: bool = True

    def open_photographs(self) -> ShardTiles:
        """The tiles behind ``train_url``."""
        return ShardTiles(
            self.train_url,
            cache_dir=self.cache_dir,
            cache_chunks=self.cache_chunks,
            max_pixels=self.max_pixels,
        )


class _Again:
    """The same batch again and again, for a trainer that counts steps."""

    def __init__(self, batch: ImageBatch) -> None:
        self.batch = batch

    def __iter__(self) -> Iterator[ImageBatch]:
        return repeat(self.batch)

    def state_dict(self) -> dict[str, Any]:
        """Nothing but the image's name: a run may stop at any step."""
        return {"names": self.batch.names}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with the same batch."""


class OneImage(L.LightningDataModule):
    """One whole image, to train a codec of its own on and to validate it.

    Args:
        image: its file; None is the first of the bundled held-back photographs.
        max_pixels: refuse larger ones.

    Raises:
        UnreadableImage: if it is not there.
    """

    def __init__(self, image: Path | None = None, max_pixels: int = MAX_PIXELS) -> None:
        super().__init__()
        self.image = list_images(bundled_photographs() / "heldback")[0] if image is None else Path(image)
        if not self.image.is_file():
            raise UnreadableImage(f"{self.image} is not there, or no file: give an image as data.image.")
        self.max_pixels = max_pixels

    def train_dataloader(self) -> _Again:
        """The image, without end."""
        return _Again(next(iter(self.val_dataloader())))

    def val_dataloader(self) -> DataLoader[NamedImage]:
        """The image, once."""
        return image_loader(WholeImages(self.image, max_pixels=self.max_pixels))

    def on_after_batch_transfer(self, batch: ImageBatch, dataloader_idx: int) -> ImageBatch:
        """8-bit integers to float in [0, 1], on the device."""
        return batch._replace(x=_unit_range(batch.x))


def _unit_range(x: Tensor) -> Tensor:
    if x.dtype != torch.uint8:
        return x
    return x.to(torch.float32, memory_format=torch.channels_last).div_(255)
