"""The validation images as files."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import lightning as L

from litcodec.data import WholeImages, list_images

CACHE = ".baselines"  # below the run root: what is true of the images, whichever run


class ValidationImages(NamedTuple):
    """Images in a folder that may hold more."""

    root: Path
    names: tuple[str, ...]  # below ``root``, with forward slashes

    @property
    def paths(self) -> list[Path]:
        """Their files."""
        return [self.root / name for name in self.names]

    def digest(self) -> str:
        """Of names and contents."""
        digest = hashlib.sha256()
        for name in sorted(self.names):
            with (self.root / name).open("rb") as file:
                digest.update(f"{name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        return digest.hexdigest()[:16]


def validation_images_of(trainer: L.Trainer, names: Sequence[str] | None = None) -> ValidationImages | None:
    """The validation images of a trainer; None if they are not files of a folder.

    Args:
        trainer: once it has made its validation loader.
        names: of those that matter; all if not given.
    """
    loaders = trainer.val_dataloaders
    loader = loaders[0] if isinstance(loaders, list) and loaders else loaders
    dataset = getattr(loader, "dataset", None)
    if not isinstance(dataset, WholeImages):
        return None
    every = tuple(path.relative_to(dataset.root).as_posix() for path in dataset.paths)
    return ValidationImages(dataset.root, every if names is None else tuple(names))


def folder_of_images(validated: ValidationImages, place: Path) -> Path:
    """A folder with just these images: their own, or else ``images`` in ``place``, with links to them."""
    if sorted(list_images(validated.root)) == sorted(validated.paths):
        return validated.root
    folder = place / "images"
    for name, path in zip(validated.names, validated.paths, strict=True):
        link = folder / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(path.resolve())
    return folder
