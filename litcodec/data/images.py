"""Image files to 8-bit sRGB tensors and back.

docs/images.md lists every kind of image and what becomes of it. Whatever is wrong with a file, the answer is
one `ImageError` with a one-line reason. Only the formats named in `formats` are tried, so that a file called
``photo.png`` can never start, say, a PostScript interpreter.
"""

import io
import logging
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from litcodec.data.colour import is_usable, to_srgb
from litcodec.data.deep_samples import eight_bits, samples_of
from litcodec.data.formats import formats_to_try
from litcodec.data.image_metadata import ColourTags, iso_metadata, jpeg_scans, jxl_size, png_metadata
from litcodec.errors import ImageError, ShapeError, TooLarge, TooSmallImage, UnreadableImage
from litcodec.limits import MAX_PIXELS, pixels_needed

MAX_SCANS = 100  # of a JPEG: as many as libjpeg-turbo's cjpeg writes
MAX_SCAN_PIXELS = 2**31  # scans * H * W of a JPEG: 32 scans of the largest image that is read by default

# What Pillow's decoders raise on damaged files; UnidentifiedImageError is an OSError.
_DAMAGE = (
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
    Image.DecompressionBombError,
)
_ORIENTATION = 0x0112
_pillow_limit = threading.Lock()
_said: set[str] = set()  # what this process has warned of
log = logging.getLogger("litcodec.data")


class LoadedImage(NamedTuple):
    """An image and what of its file is not in it."""

    x: Tensor  # uint8 (3, H, W), stored pixel by pixel (channels last)
    dropped: tuple[str, ...]  # such as "transparency, composited on white"


class _Opened(NamedTuple):
    """An image whose header was read."""

    image: Image.Image
    tags: ColourTags
    name: str


def read_image(path: str | Path, *, max_pixels: int = MAX_PIXELS, min_side: int = 1) -> Tensor:
    """Read an image file as 8-bit sRGB; docs/images.md says how odd cases are handled.

    The first file of which something is dropped, such as transparency, is named in the log.

    Args:
        path: a file in one of the formats of `litcodec.data.formats`.
        max_pixels: limit of H * W, checked on the header before anything is decoded.
        min_side: smallest H and W wanted, in pixels; also checked on the header.

    Returns:
        uint8 (3, H, W), stored pixel by pixel (channels last).

    Raises:
        TooLarge: more than ``max_pixels`` pixels.
        TooSmallImage: a side is shorter than ``min_side``.
        UnreadableImage: missing, a directory, not an image, damaged, or of a kind that is refused.
    """
    loaded = load_image(path, max_pixels=max_pixels, min_side=min_side)
    for what in loaded.dropped:
        first = what not in _said
        _said.add(what)
        more = " (and maybe of others; said once)" if first else ""
        log.log(logging.WARNING if first else logging.INFO, "%s: dropped %s%s", path, what, more)
    return loaded.x


def load_image(path: str | Path, *, max_pixels: int = MAX_PIXELS, min_side: int = 1) -> LoadedImage:
    """Read an image file as 8-bit sRGB and say what was dropped; see `read_image`."""
    with _opened(_existing(path), str(path), max_pixels) as opened:
        W, H = opened.image.size
        if min(H, W) < min_side:
            raise TooSmallImage(f"{path}: {W}x{H} is smaller than {min_side}x{min_side}.")
        return _decode(opened)


def image_size(path: str | Path, *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Height and width of an image after EXIF orientation, from its header alone.

    Args:
        path: a file in one of the formats of `litcodec.data.formats`.
        max_pixels: limit of H * W.

    Returns:
        (H, W) in pixels.

    Raises:
        TooLarge, UnreadableImage: see `read_image`.
    """
    with _opened(_existing(path), str(path), max_pixels) as opened:
        W, H = opened.image.size
        # Pillow turns TIFFs itself and already reports the size after turning.
        turned = opened.image.format != "TIFF" and _orientation(opened.image) in (5, 6, 7, 8)
        return (W, H) if turned else (H, W)


def decode_image(data: bytes, *, name: str, max_pixels: int = MAX_PIXELS) -> Tensor:
    """Read an image that is already in memory, such as a tile of a shard.

    Args:
        data: the bytes of an image file.
        name: what to call it in an error.
        max_pixels: limit of H * W, checked on the header before anything is decoded.

    Returns:
        uint8 (3, H, W), stored pixel by pixel (channels last).

    Raises:
        TooLarge: more than ``max_pixels`` pixels.
        UnreadableImage: the bytes are not an image, or damaged.
    """
    with _opened(io.BytesIO(data), name, max_pixels) as opened:
        return _decode(opened).x


def write_png(file: str | Path | BinaryIO, x: Tensor) -> None:
    """Write an image as PNG.

    Args:
        file: a path, or a file open for binary writing.
        x: uint8 (3, H, W).

    Raises:
        ShapeError: ``x`` is not uint8 (3, H, W) with at least one pixel.
    """
    if x.dtype != torch.uint8 or x.ndim != 3 or x.shape[0] != 3 or x.numel() == 0:
        raise ShapeError(
            f"write_png takes uint8 (3, H, W); got {x.dtype} {tuple(x.shape)}."
            " Round and clamp to 0..255 and index one image first."
        )
    Image.fromarray(x.detach().cpu().permute(1, 2, 0).contiguous().numpy()).save(file, format="PNG")


def _existing(path: str | Path) -> Path:
    path = Path(path)
    if not path.exists():
        raise UnreadableImage(f"{path}: no such file.")
    if not path.is_file():
        raise UnreadableImage(
            f"{path}: {'a folder' if path.is_dir() else 'not a regular file'}, not an image."
        )
    return path


@contextmanager
def _opened(source: Path | BinaryIO, name: str, max_pixels: int) -> Iterator[_Opened]:
    """An image whose header has been read and whose pixel count is within the limit."""
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
            yield _Opened(image, tags, name)


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
        except _DAMAGE as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UnreadableImage(f"{name}: damaged image ({reason}).") from error


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except _DAMAGE:
        return 1  # a broken EXIF block says nothing about the pixels


def _decode(opened: _Opened) -> LoadedImage:
    image, tags, name = opened
    dropped = []
    samples = samples_of(image, name=name)
    bits = max(samples.bits, tags.bits)
    if bits > 8:
        dropped.append(f"what {bits} bits per sample hold beyond 8")
    if image.has_transparency_data:
        dropped.append("transparency, composited on white")
    if tags.icc and not is_usable(tags.icc):
        dropped.append("a colour profile that cannot be used")
    image.load()
    if _orientation(image) != 1:
        image = ImageOps.exif_transpose(image)
    rgb = np.array(_rgb(eight_bits(image, samples, name=name), tags, name), dtype=np.uint8)
    return LoadedImage(torch.from_numpy(rgb).permute(2, 0, 1), tuple(dropped))


def _rgb(image: Image.Image, tags: ColourTags, name: str) -> Image.Image:
    """Any Pillow image as mode RGB in sRGB, transparency composited on white."""
    if not image.has_transparency_data:
        return to_srgb(image, tags, name=name)
    rgba = image.convert("RGBA")
    colour = image.convert("L") if image.mode.startswith("L") else rgba.convert("RGB")
    srgb = to_srgb(colour, tags, name=name).convert("RGBA")
    srgb.putalpha(rgba.getchannel("A"))
    return Image.alpha_composite(Image.new("RGBA", srgb.size, "white"), srgb).convert("RGB")
