"""Images between tensors and the formats that Pillow and its plugins write.

Encoders run on one thread where their library lets one choose, so that times compare; decoders run as their
libraries like. What a library raises becomes ``BaselineFailed``, with its words.
"""

import io
import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from litcodec.errors import BaselineFailed, ShapeError

# What Pillow and its plugins raise; UnidentifiedImageError is an OSError.
_LIBRARY_ERRORS = (
    OSError,
    ValueError,
    RuntimeError,
    SyntaxError,
    TypeError,
    EOFError,
    LookupError,
    ArithmeticError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
)


def save_image(x: Tensor, file_format: str, options: Mapping[str, object], *, name: str) -> bytes:
    """An image as a file of one of Pillow's formats.

    Args:
        x: (3, H, W), uint8 RGB.
        file_format: as Pillow calls it: "JPEG2000".
        options: for Pillow's writer of that format.
        name: of the baseline, for messages.

    Raises:
        ShapeError: if ``x`` is not (3, H, W) uint8.
        BaselineFailed: if the library refuses.
    """
    image = pillow_image(x)
    file = io.BytesIO()
    with library_errors(name):
        image.save(file, file_format, **options)
    return file.getvalue()


def load_image(data: bytes, file_format: str, *, name: str) -> Tensor:
    """The image in a file, (3, H, W), uint8 RGB; arguments as of ``save_image``.

    Raises:
        BaselineFailed: if the file is damaged.
    """
    with library_errors(name), Image.open(io.BytesIO(data), formats=(file_format,)) as image:
        return tensor_of(image)


def pillow_image(x: Tensor) -> Image.Image:
    """A tensor as a Pillow image.

    Args:
        x: (3, H, W), uint8 RGB.

    Raises:
        ShapeError: if it is not.
    """
    if x.dtype != torch.uint8 or x.dim() != 3 or x.shape[0] != 3 or x.numel() == 0:
        raise ShapeError(f"a baseline takes one uint8 image, (3, H, W); got {x.dtype} {tuple(x.shape)}.")
    return Image.fromarray(x.cpu().permute(1, 2, 0).contiguous().numpy())


def tensor_of(image: Image.Image) -> Tensor:
    """A Pillow image as (3, H, W), uint8 RGB."""
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)


def whole_quality(quality: float, lowest: int, highest: int, *, name: str) -> int:
    """A quality for a library that takes whole numbers.

    Raises:
        BaselineFailed: if it is none of ``lowest`` to ``highest``: libraries would clamp it, or fall back to
            their default, in silence.
    """
    if quality != int(quality) or not lowest <= quality <= highest:
        raise BaselineFailed(
            f"{name} takes whole numbers from {lowest} to {highest} as quality; got {quality:g}."
        )
    return int(quality)


@contextmanager
def library_errors(name: str) -> Iterator[None]:
    """Turn what a library raises into ``BaselineFailed`` and keep its warnings in.

    Args:
        name: of the baseline.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large images, chiefly: reading has its own limit
        try:
            yield
        except _LIBRARY_ERRORS as error:
            words = " ".join(str(error).split()) or type(error).__name__
            raise BaselineFailed(f"{name}: {words}") from error
