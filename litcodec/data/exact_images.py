"""Image files for a lossless codec: the exact 8-bit RGB pixels, or a refusal."""

from pathlib import Path

import numpy as np
from PIL import ImageOps

from litcodec.data.images import LoadedImage, load_image
from litcodec.data.opening import existing_file, opened_image
from litcodec.errors import UnreadableImage
from litcodec.limits import MAX_PIXELS

# Modes that 8-bit RGB holds, as long as nothing is transparent.
_EXACT = ("RGB", "L", "P", "1", "RGBA", "LA", "PA")


def load_exact_image(path: str | Path, *, max_pixels: int = MAX_PIXELS) -> LoadedImage:
    """Read an image as `load_image` does, if nothing about its pixels is changed by that.

    Grey and palette images become the RGB that they show, and EXIF orientation is applied; metadata is not
    kept.

    Returns:
        uint8 (3, H, W); nothing is dropped.

    Raises:
        UnreadableImage: as `read_image`; also if the image has more than 8 bits, transparency, or colours
            that would be converted to sRGB.
        TooLarge: as `read_image`.
    """
    loaded = load_image(path, max_pixels=max_pixels)
    if loaded.dropped:
        raise _refused(path, f"would lose {', '.join(loaded.dropped)}")
    with opened_image(existing_file(path), str(path), max_pixels) as opened:
        if opened.image.mode not in _EXACT:
            raise _refused(path, f"has mode {opened.image.mode}, which is not 8-bit RGB")
        as_stored = np.asarray(ImageOps.exif_transpose(opened.image).convert("RGB"))
    if not np.array_equal(as_stored, loaded.x.permute(1, 2, 0).numpy()):
        raise _refused(path, "has colours that would be converted to sRGB")
    return loaded


def _refused(path: str | Path, why: str) -> UnreadableImage:
    return UnreadableImage(
        f"{path}: a lossless codec keeps 8-bit RGB pixels; this file {why}. Convert it to 8-bit RGB first."
    )
