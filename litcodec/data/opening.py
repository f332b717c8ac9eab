"""Opens an image file with the right decoder and within all limits; whatever fails is one typed error."""

import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from PIL import Image, UnidentifiedImageError

from litcodec.data.colour_tags import ColourTags
from litcodec.data.formats import formats_to_try
from litcodec.data.iso_metadata import iso_metadata, jxl_size
from litcodec.data.jpeg_scans import jpeg_scans
from litcodec.data.png_metadata import png_metadata
from litcodec.errors import ImageError, TooLarge, UnreadableImage
from litcodec.limits import pixels_needed

MAX_SCANS = 100  # of a JPEG: as many as libjpeg-turbo's cjpeg writes
MAX_SCAN_PIXELS = 2**31  # scans * H * W of a JPEG: 32 scans of the largest image that is read by default

# What Pillow's decoders raise on damaged files; UnidentifiedImageError is an OSError.
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    AssertionError,  # of Pillow's own, such as a palette image without a palette
    Image.DecompressionBombError,
)
_pillow_limit = threading.Lock()


class OpenedImage(NamedTuple):
    """An image whose header was read."""

    image: Image.Image
    tags: ColourTags
    name: str


def existing_file(path: str | Path) -> Path:
    """``path`` as a Path, or why it is not a file.

    Raises:
        UnreadableImage: missing, or not a regular file.
    """
    path = Path(path)
    if not path.exists():
        raise UnreadableImage(f"{path}: no such file.")
    if not path.is_file():
        raise UnreadableImage(
            f"{path}: {'a folder' if path.is_dir() else 'not a regular file'}, not an image."
            + (f" Give the files in it, such as {path}/*.png." if path.is_dir() else "")
        )
    return path


@contextmanager
def opened_image(source: Path | BinaryIO, name: str, max_pixels: int) -> Iterator[OpenedImage]:
    """Open an image file: its header is read, its pixel count is within the limit, nothing is decoded.

    Args:
        source: a path, or the file in memory.
        name: what to call it in an error.
        max_pixels: limit of H * W.

    Raises:
        ImageError: the file cannot be read; also what Pillow raises inside the ``with`` block becomes one.
    """
    with _typed_errors(name), source.open("rb") if isinstance(source, Path) else source as file:
        head = file.read(32)
        formats = formats_to_try(head, name=name)
        tags = ColourTags()
        if head[:8] == b"\x89PNG\r\n\x1a\n":
            W, H = struct.unpack(">II", head[16:24])
            _check_size(H, W, name, max_pixels)
            file, tags = png_metadata(file)
        elif head[4:8] == b"ftyp":
            tags = iso_metadata(file)
        elif head[:2] == b"\xff\x0a" or head[4:8] == b"JXL ":
            file.seek(0)
            H, W = jxl_size(file.read())
            if H * W == 0:
                raise UnreadableImage(f"{name}: damaged image (no size in its header).")
            _check_size(H, W, name, max_pixels)
        file.seek(0)
        # Pillow's own limit is a global; ours is an argument and may be higher, so its check is off while the
        # header is read (and only then), and ours follows at once.
        with _pillow_limit:
            limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            try:
                image = Image.open(file, formats=formats)
            finally:
                Image.MAX_IMAGE_PIXELS = limit
        with image:
            W, H = image.size
            _check_size(H, W, name, max_pixels)
            if head[:2] == b"\xff\xd8":
                _check_scans(file, H * W, name)
            if tags.icc is None:
                tags = tags._replace(icc=image.info.get("icc_profile"))
            if tags.icc and head[4:8] == b"ftyp":
                tags = tags._replace(cicp=None)  # there the profile counts before the code points
            yield OpenedImage(image, tags, name)


def _check_size(H: int, W: int, name: str, max_pixels: int) -> None:
    if pixels_needed(H, W) > max_pixels:
        raise TooLarge(
            f"{name}: {W}x{H} pixels are too many for the limit of {max_pixels};"
            f" raise it with --max-pixels {pixels_needed(H, W)} if you trust the file."
        )


def _check_scans(file: BinaryIO, pixels: int, name: str) -> None:
    """Refuse a JPEG that has the decoder pass over its pixels thousands of times."""
    limit = min(MAX_SCANS, max(1, MAX_SCAN_PIXELS // pixels))
    position = file.tell()
    file.seek(0)
    if jpeg_scans(file.read(), limit=limit) > limit:
        raise UnreadableImage(
            f"{name}: a JPEG of more than {limit} scans, the most that are read at its size."
            " Save it again without them."
        )
    file.seek(position)


@contextmanager
def _typed_errors(name: str) -> Iterator[None]:
    """Keep Pillow's warnings in and turn what its decoders raise into `UnreadableImage`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except ImageError:
            raise
        except PermissionError:
            raise UnreadableImage(f"{name}: no permission to read it.") from None
        except UnidentifiedImageError:
            raise UnreadableImage(f"{name}: not an image in a format litcodec reads.") from None
        except DAMAGE as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UnreadableImage(f"{name}: damaged image ({reason}).") from error
