"""The image formats that are read, and the files of a folder that have one."""

import logging
import os
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from PIL import features

from litcodec.errors import EmptyDataset, UnreadableImage

log = logging.getLogger("litcodec.data")

_BUILT_IN = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".jif"),
    "WEBP": (".webp",),
    "AVIF": (".avif", ".avifs"),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}
_OPTIONAL = {  # with Pillow's OpenJPEG, `pip install pillow-heif`, `pip install pillow-jxl-plugin`
    "JPEG2000": (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    "HEIF": (".heic", ".heif", ".hif"),
    "JXL": (".jxl",),
}
_PLUGINS = {"HEIF": ("pillow_heif", "pillow-heif"), "JXL": ("pillow_jxl", "pillow-jxl-plugin")}
# What photographs are also kept in. Such a file in a folder is worth a warning, a text file is not.
_NOT_READ = frozenset(
    ".3fr .arw .cr2 .cr3 .dng .exr .hdr .jxr .nef .orf .pef .pfm .psb .psd .raf .raw .rw2 .svg .tga".split()
)
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_NAMED = 3  # files that a line about skipped ones names


_OTHER, _AGAIN = "no image by its suffix", "linked folder that was searched already"
_UNINTERESTING = (_OTHER, _AGAIN)


def _there(name: str) -> bool:
    if name == "JPEG2000":
        return bool(features.check("jpg_2000"))
    return find_spec(_PLUGINS[name][0]) is not None


_AVAILABLE = _BUILT_IN | {name: suffixes for name, suffixes in _OPTIONAL.items() if _there(name)}
FORMATS = tuple(_AVAILABLE)  # Pillow's names
SUFFIXES = tuple(sorted(suffix for suffixes in _AVAILABLE.values() for suffix in suffixes))
_MISSING = frozenset(suffix for suffixes in _OPTIONAL.values() for suffix in suffixes) - frozenset(SUFFIXES)


class FoundImages(NamedTuple):
    """What a folder holds."""

    paths: list[Path]  # image files, sorted
    skipped: list[tuple[Path, str]]  # everything else that is not hidden, and why it was left out


def list_images(root: str | Path) -> list[Path]:
    """Every image file under a folder, see `find_images`; what was left out is counted and named in the log.

    Args:
        root: a folder.

    Returns:
        Sorted paths.

    Raises:
        EmptyDataset: no such folder, or no file with one of `SUFFIXES` in it.
    """
    found = find_images(root)
    if not found.paths:
        raise EmptyDataset(
            f"No photograph in {root}: looked for files ending in {' '.join(SUFFIXES)};"
            f" {len(found.skipped)} other files."
        )
    if found.skipped:
        wanted = [entry for entry in found.skipped if entry[1] not in _UNINTERESTING]
        shown = wanted or found.skipped
        kinds = ", ".join(
            f"{n} {reason}" for reason, n in Counter(reason for _, reason in shown).most_common()
        )
        names = ", ".join(repr(path.relative_to(root).as_posix())[1:-1] for path, _ in shown[:_NAMED])
        more = ", ..." if len(shown) > _NAMED else ""
        log.log(
            logging.WARNING if wanted else logging.INFO, "left out of %s: %s (%s%s)", root, kinds, names, more
        )
    return found.paths


def find_images(root: str | Path) -> FoundImages:
    """Search a folder recursively for image files, by suffix.

    Hidden files and folders, whose names begin with a dot, are left out. Linked folders are followed, each
    folder is searched once: links may form cycles.

    Args:
        root: a folder.

    Raises:
        EmptyDataset: no such folder.
    """
    root = Path(root)
    if not root.is_dir():
        if root.exists():
            raise EmptyDataset(f"{root} is a file, not a folder. Give the folder that it lies in.")
        raise EmptyDataset(f"{root} is not a folder: there is nothing of that name.")
    paths, skipped = [], []
    for path, reason in _files(root):
        reason = reason or _reason(path)
        if reason:
            skipped.append((path, reason))
        else:
            paths.append(path)
    return FoundImages(sorted(paths), sorted(skipped))


def _reason(path: Path) -> str:
    """Why a file is left out; empty if it is not."""
    suffix = path.suffix.lower()
    if suffix in _MISSING:
        return f"{suffix} without the plugin for it"
    if suffix in _NOT_READ:
        return f"{suffix}, which litcodec does not read"
    if suffix not in SUFFIXES:
        return _OTHER
    return "" if path.is_file() else "broken link or no regular file"


def _files(root: Path) -> Iterator[tuple[Path, str]]:
    """Files that are not hidden; links to folders are followed after all that lies in the folder itself."""
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        top = waiting.pop(0)
        if _seen(top, seen):
            yield top, _AGAIN
            continue
        refused: list[OSError] = []
        for folder, names, files in os.walk(top, onerror=refused.append):
            inner = []
            for name in sorted(name for name in names if name[0] != "."):
                path = Path(folder, name)
                if path.is_symlink():
                    waiting.append(path)
                elif not _seen(path, seen):
                    inner.append(name)
            names[:] = inner
            yield from ((Path(folder, name), "") for name in files if name[0] != ".")
        yield from ((Path(error.filename), f"folder: {error.strerror}") for error in refused)


def _seen(folder: Path, seen: set[tuple[int, int]]) -> bool:
    """Whether a folder was searched before; afterwards it was."""
    try:
        status = folder.stat()
    except OSError:
        return False  # searching it says why
    key = (status.st_dev, status.st_ino)
    known = key in seen
    seen.add(key)
    return known


def formats_to_try(head: bytes, *, name: str) -> tuple[str, ...]:
    """Pillow's names of the formats that a file may have; a plugin that it needs is registered.

    Args:
        head: the first 32 bytes of the file.
        name: what to call it in an error.

    Raises:
        UnreadableImage: the plugin is not installed.
    """
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS and b"avif" not in head[12:]:
        wanted = "HEIF"
    elif head[:2] == b"\xff\x0a" or head[:12] == b"\0\0\0\x0cJXL \r\n\x87\n":
        wanted = "JXL"
    else:
        return tuple(format for format in FORMATS if format not in _PLUGINS)
    module, package = _PLUGINS[wanted]
    try:
        plugin = import_module(module)
    except ImportError:
        raise UnreadableImage(f"{name}: {wanted} needs a plugin. Run `pip install {package}`.") from None
    if wanted == "HEIF":
        plugin.register_heif_opener()
    return (wanted,)
