"""Image files to 8-bit sRGB tensors and back.

This docstring is the one place that says how the odd cases are read:

- EXIF orientation is applied: the tensor is upright.
- An animation or a multi-page file gives its first frame.
- Grey, 1-bit and palette images become RGB.
- Transparency is composited on white.
- An embedded ICC profile other than sRGB is converted to sRGB (relative colorimetric); a profile that cannot
  be used is ignored and the pixels are taken as stored. CMYK without a profile is converted by Pillow's
  formula.
- 16-bit grey is scaled to 8 bits by rounding, ``round(v / 257)``; 16-bit colour is read by Pillow, which
  keeps the upper byte. Samples outside 0..65535 are clipped; floating-point samples have no agreed range and
  are refused.
- PNG's gAMA and cHRM chunks are ignored.

Whatever is wrong with a file, the answer is one `ImageError` with a one-line reason. Only the formats named
in `FORMATS` are tried, so that a file called ``photo.png`` can never start, say, a PostScript interpreter.
"""

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from torch import Tensor

from litcodec.errors import EmptyDataset, ShapeError, TooLarge, TooSmallImage, UnreadableImage
from litcodec.limits import MAX_PIXELS, pixels_needed

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "TIFF", "BMP", "GIF")
SUFFIXES = (".avif", ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")

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


def read_image(path: str | Path, *, max_pixels: int = MAX_PIXELS, min_side: int = 1) -> Tensor:
    """Read an image file as 8-bit sRGB; the module docstring says how odd cases are handled.

    Args:
        path: a file in one of `FORMATS`.
        max_pixels: limit of H * W, checked on the header before anything is decoded.
        min_side: smallest H and W wanted, in pixels, likewise checked on the header.

    Returns:
        uint8 (3, H, W), stored pixel by pixel (channels last).

    Raises:
        TooLarge: more than ``max_pixels`` pixels.
        TooSmallImage: a side is shorter than ``min_side``.
        UnreadableImage: missing, a directory, not an image, or damaged.
    """
    with _opened(_existing(path), str(path), max_pixels) as image:
        if min(image.size) < min_side:
            W, H = image.size
            raise TooSmallImage(f"{path}: {W}x{H} is smaller than {min_side}x{min_side}.")
        return _decode(image)


def image_size(path: str | Path, *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Height and width of an image after EXIF orientation, from its header alone.

    Args:
        path: a file in one of `FORMATS`.
        max_pixels: limit of H * W.

    Returns:
        (H, W) in pixels.

    Raises:
        TooLarge, UnreadableImage: see `read_image`.
    """
    with _opened(_existing(path), str(path), max_pixels) as image:
        W, H = image.size
        # Pillow turns TIFFs itself and already reports the size after turning.
        turned = image.format != "TIFF" and _orientation(image) in (5, 6, 7, 8)
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
    with _opened(io.BytesIO(data), name, max_pixels) as image:
        return _decode(image)


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


def list_images(root: str | Path) -> list[Path]:
    """Every image file under a folder, recursively, by suffix; hidden files are left out.

    Args:
        root: a folder.

    Returns:
        Sorted paths.

    Raises:
        EmptyDataset: no such folder, or no file with one of `SUFFIXES` in it.
    """
    root = Path(root)
    if not root.is_dir():
        raise EmptyDataset(f"{root} is not a folder. Give a folder of photographs ({' '.join(SUFFIXES)}).")
    found = (path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
    paths = sorted(path for path in found if path.is_file())
    if not paths:
        raise EmptyDataset(f"No photograph in {root}: looked for files ending in {' '.join(SUFFIXES)}.")
    return paths


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
def _opened(file: Path | BinaryIO, name: str, max_pixels: int) -> Iterator[Image.Image]:
    """An image whose header has been read and whose pixel count is within the limit."""
    with _typed_errors(name):
        # Pillow's own limit is a global; ours is an argument and may be higher, so its check is off while the
        # header is read (and only then), and ours follows at once.
        with _pillow_limit:
            limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            try:
                image = Image.open(file, formats=FORMATS)
            finally:
                Image.MAX_IMAGE_PIXELS = limit
        with image:
            W, H = image.size
            if pixels_needed(H, W) > max_pixels:
                raise TooLarge(
                    f"{name}: {W}x{H} pixels are too many for the limit of {max_pixels};"
                    f" raise it with --max-pixels {pixels_needed(H, W)} if you trust the file."
                )
            yield image


@contextmanager
def _typed_errors(name: str) -> Iterator[None]:
    """Keep Pillow's warnings in and turn what its decoders raise into `UnreadableImage`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (TooLarge, TooSmallImage, UnreadableImage):
            raise
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


def _decode(image: Image.Image) -> Tensor:
    image.load()
    if _orientation(image) != 1:
        image = ImageOps.exif_transpose(image)
    rgb = np.array(_rgb(image), dtype=np.uint8)
    return torch.from_numpy(rgb).permute(2, 0, 1)


def _rgb(image: Image.Image) -> Image.Image:
    """Any Pillow image as mode RGB in sRGB, transparency composited on white."""
    profile = image.info.get("icc_profile")
    if image.mode == "F":
        raise UnreadableImage(
            f"{getattr(image, 'filename', '')}: floating-point samples have no agreed range."
        )
    if image.mode.startswith("I"):
        image = _eight_bits(image)
    if not image.has_transparency_data:
        return _to_srgb(image, profile)
    rgba = image.convert("RGBA")
    colour = image.convert("L") if image.mode.startswith("L") else rgba.convert("RGB")
    srgb = _to_srgb(colour, profile).convert("RGBA")
    srgb.putalpha(rgba.getchannel("A"))
    return Image.alpha_composite(Image.new("RGBA", srgb.size, "white"), srgb).convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    v = np.asarray(image).astype(np.int64).clip(0, 65535)
    return Image.fromarray(((v + 128) // 257).astype(np.uint8))


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert with the embedded profile if it fits the pixels, else with Pillow's formula."""
    if profile:
        try:
            source = ImageCms.getOpenProfile(io.BytesIO(profile))
            mode = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}[source.profile.xcolor_space.strip()]
            is_srgb = ImageCms.getProfileDescription(source).strip().lower().startswith("srgb")
            fits = (image.mode == "CMYK") == (mode == "CMYK") and not (image.mode == "RGB" and mode == "L")
            if fits and not is_srgb:
                # Image.convert gives a copy, so that converting in place never touches the caller's image.
                srgb = ImageCms.profileToProfile(
                    image.convert(mode),
                    source,
                    ImageCms.createProfile("sRGB"),
                    renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                    outputMode="RGB",
                )
                if srgb is not None:
                    return srgb
        except (ImageCms.PyCMSError, OSError, KeyError, ValueError, TypeError):
            pass  # an unusable profile: the pixels are taken as stored
    return image if image.mode == "RGB" else image.convert("RGB")
