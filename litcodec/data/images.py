"""Image files to 8-bit sRGB tensors and back.

docs/images.md lists every kind of image and what becomes of it. Whatever is wrong with a file, the answer is
one `ImageError` with a one-line reason. Only the formats named in `formats` are tried, so that a file called
``photo.png`` can never start, say, a PostScript interpreter.
"""

import io
import logging
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from litcodec.data.colour import is_usable, to_srgb
from litcodec.data.colour_tags import ColourTags
from litcodec.data.deep_samples import eight_bits, samples_of
from litcodec.data.opening import DAMAGE, OpenedImage, existing_file, opened_image
from litcodec.errors import ShapeError, TooSmallImage
from litcodec.limits import MAX_PIXELS

_ORIENTATION = 0x0112
_said: set[str] = set()  # what this process has warned of
log = logging.getLogger("litcodec.data")


class LoadedImage(NamedTuple):
    """An image and what of its file is not in it."""

    x: Tensor  # uint8 (3, H, W), stored pixel by pixel (channels last)
    dropped: tuple[str, ...]  # such as "transparency, composited on white"


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
    """Read an image file as 8-bit sRGB and say what was dropped; see `read_image`.

    Raises:
        ImageError: if it cannot be read, or is larger or smaller than asked for.
    """
    with opened_image(existing_file(path), str(path), max_pixels) as opened:
        W, H = opened.image.size
        if min(H, W) < min_side:
            raise TooSmallImage(f"{path}: {W}x{H} is smaller than {min_side}x{min_side}.")
        return _decode(opened)


def load_mask(path: str | Path, *, max_pixels: int = MAX_PIXELS) -> Tensor:
    """Read an image file as a mask: (H, W), bool, set where it is white rather than black.

    Raises:
        TooLarge, UnreadableImage: see `read_image`.
    """
    return load_image(path, max_pixels=max_pixels).x.float().mean(0) >= 128


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
    with opened_image(existing_file(path), str(path), max_pixels) as opened:
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
    with opened_image(io.BytesIO(data), name, max_pixels) as opened:
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
    about = PngInfo()
    about.add_text("Software", "litcodec")  # marks it as no original
    Image.fromarray(x.detach().cpu().permute(1, 2, 0).contiguous().numpy()).save(
        file, format="PNG", pnginfo=about
    )


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except DAMAGE:
        return 1  # a broken EXIF block says nothing about the pixels


def _decode(opened: OpenedImage) -> LoadedImage:
    image, tags, name = opened
    dropped = []
    samples = samples_of(image, name=name)
    bits = max(samples.bits, tags.bits)
    if bits > 8:
        dropped.append(f"the bits beyond 8 of {bits}-bit samples")
    if image.has_transparency_data and not _is_opaque(image):
        dropped.append("transparency, composited on white")
    if tags.icc and not is_usable(tags.icc):
        dropped.append("a colour profile that cannot be used")
    image.load()
    if _orientation(image) != 1:
        image = ImageOps.exif_transpose(image)
    rgb = np.array(_rgb(eight_bits(image, samples, name=name), tags, name), dtype=np.uint8)
    return LoadedImage(torch.from_numpy(rgb).permute(2, 0, 1), tuple(dropped))


def _is_opaque(image: Image.Image) -> bool:
    """Whether nothing shines through, as in most images with an alpha channel."""
    alpha = image if image.mode[-1:] in "Aa" else image.convert("RGBA")
    low, _ = alpha.getchannel("A").getextrema()
    return low == 255


def _rgb(image: Image.Image, tags: ColourTags, name: str) -> Image.Image:
    """Any Pillow image as mode RGB in sRGB, transparency composited on white."""
    if not image.has_transparency_data:
        return to_srgb(image, tags, name=name)
    rgba = image.convert("RGBA")
    colour = image.convert("L") if image.mode.startswith("L") else rgba.convert("RGB")
    srgb = to_srgb(colour, tags, name=name).convert("RGBA")
    srgb.putalpha(rgba.getchannel("A"))
    return Image.alpha_composite(Image.new("RGBA", srgb.size, "white"), srgb).convert("RGB")
