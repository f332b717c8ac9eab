"""Samples of more than 8 bits: which are read, and how they are reduced to 8 bits."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from litcodec.errors import UnreadableImage

# TIFF tags
_BITS, _PHOTOMETRIC, _PLANAR, _SAMPLE_FORMAT = 258, 262, 284, 339
_WHITE_IS_ZERO = 0
_KINDS = {0: "grey", 1: "grey", 2: "RGB", 5: "CMYK"}
_MAX = 65535


class Samples(NamedTuple):
    """How an image file stores its samples."""

    bits: int  # of a sample; 8 also for fewer
    white_is_zero: bool  # and Pillow leaves it so


def samples_of(image: Image.Image, *, name: str) -> Samples:
    """How the samples of an image are stored, from its header.

    Args:
        image: an image that was opened.
        name: what to call it in an error.

    Raises:
        UnreadableImage: of a kind that Pillow reads wrongly, or that has no agreed range.
    """
    if image.mode == "F":
        raise UnreadableImage(f"{name}: floating-point samples have no agreed range.")
    if image.mode == "LAB":
        raise UnreadableImage(f"{name}: L*a*b* colours are not read. Save it as RGB.")
    tags = getattr(image, "tag_v2", None)
    if image.format != "TIFF" or tags is None:
        return Samples(16 if image.mode.startswith("I") else 8, False)
    bits = tuple(tags.get(_BITS, (1,)))
    photometric = tags.get(_PHOTOMETRIC, _WHITE_IS_ZERO)
    if max(bits) <= 8:
        return Samples(8, False)
    kind = _KINDS.get(photometric, f"photometric {photometric}")
    signed = 2 in tags.get(_SAMPLE_FORMAT, (1,)) and max(bits) < 32
    planar = tags.get(_PLANAR, 1) == 2 and len(bits) > 1
    if set(bits) - {16, 32} or signed or planar or photometric not in _KINDS:
        how = f"{'signed ' * signed}{'planar ' * planar}{kind}"
        raise UnreadableImage(
            f"{name}: a TIFF of {'/'.join(map(str, bits[:4]))}-bit {how} samples is not read."
            " Save it with unsigned 16-bit samples, pixel by pixel."
        )
    return Samples(max(bits), image.mode.startswith("I") and photometric == _WHITE_IS_ZERO)


def eight_bits(image: Image.Image, samples: Samples, *, name: str) -> Image.Image:
    """Grey samples of 16 bits rounded to 8; any other image as it is.

    Args:
        image: decoded. 0..65535 is black to white.
        samples: how they were stored.
        name: what to call it in an error.

    Returns:
        Mode L, or LA where one grey is declared transparent.

    Raises:
        UnreadableImage: a sample is beyond 0..65535.
    """
    if not image.mode.startswith("I"):
        return image
    v = np.asarray(image).astype(np.int64)
    if v.min() < 0 or v.max() > _MAX:
        raise UnreadableImage(f"{name}: samples of {v.min()} to {v.max()}; only 0 to {_MAX} have a meaning.")
    if samples.white_is_zero:
        v = _MAX - v
    grey = Image.fromarray(((v + 128) // 257).astype(np.uint8))
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey.putalpha(Image.fromarray(np.where(v == transparent, 0, 255).astype(np.uint8)))
    return grey
