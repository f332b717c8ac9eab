"""Recognises Kodak's 24 images, over which published curves are averaged."""

from pathlib import PurePath

KODAK = frozenset(f"kodim{k:02d}" for k in range(1, 25))


def is_kodak(image: str | PurePath, size: tuple[int, int]) -> bool:
    """By its file name, whatever the suffix, and its size in either order: 768x512 or 512x768."""
    return PurePath(image).stem in KODAK and set(size) == {512, 768}
