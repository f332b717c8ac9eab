"""Photographs: reading them, cutting patches from them, streaming them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from litcodec.data.bundled import bundled_photographs
from litcodec.data.cache import CachedPhotographs
from litcodec.data.exact_images import load_exact_image
from litcodec.data.formats import FoundImages, find_images, list_images
from litcodec.data.images import (
    LoadedImage,
    decode_image,
    image_size,
    load_image,
    load_mask,
    read_image,
    write_png,
)
from litcodec.data.loader import PatchLoader
from litcodec.data.photographs import FolderPhotographs, Photographs
from litcodec.data.prepare import PrepareReport, prepare
from litcodec.data.whole_images import ImageBatch, NamedImage, WholeImages, as_image_batch
from litcodec.data.windows import PatchWindows, Skipped, Window

if TYPE_CHECKING:
    from litcodec.data.datamodule import FolderDataModule, OneImage, StreamDataModule
    from litcodec.data.shards import ShardTiles

__all__ = [
    "CachedPhotographs",
    "FolderDataModule",
    "FolderPhotographs",
    "FoundImages",
    "ImageBatch",
    "LoadedImage",
    "NamedImage",
    "OneImage",
    "PatchLoader",
    "PatchWindows",
    "Photographs",
    "PrepareReport",
    "ShardTiles",
    "Skipped",
    "StreamDataModule",
    "WholeImages",
    "Window",
    "as_image_batch",
    "bundled_photographs",
    "decode_image",
    "find_images",
    "image_size",
    "list_images",
    "load_exact_image",
    "load_image",
    "load_mask",
    "prepare",
    "read_image",
    "write_png",
]

# These need lightning or litdata, which take seconds to import; reading one image should not.
_LATE = {
    "FolderDataModule": "datamodule",
    "OneImage": "datamodule",
    "ShardTiles": "shards",
    "StreamDataModule": "datamodule",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
