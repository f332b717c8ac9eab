"""8-bit images as lossless codecs use them: integers, and the CRC that verifies them."""

import zlib

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from litcodec.errors import Corrupt, ShapeError
from litcodec.frozen.padding import check_image

CRC_BYTES = 4
ROUNDING = 1e-3  # of a grey level: what float32 makes of v / 255

Image = npt.NDArray[np.uint8]  # (H, W, 3)


def levels_of(x: Tensor) -> Image:
    """The grey levels (H, W, 3) of one image (1, 3, H, W).

    Raises:
        ShapeError: if it is no 8-bit image.
    """
    check_image(x)
    scaled = x[0].detach().cpu().double() * 255
    rounded = scaled.round()
    off = float((scaled - rounded).abs().max())
    if not off < ROUNDING or not 0 <= float(rounded.min()) <= float(rounded.max()) <= 255:
        raise ShapeError(
            f"a lossless codec takes 8-bit images, multiples of 1/255; got a value {off:.3g} levels off one."
        )
    return np.ascontiguousarray(rounded.to(torch.uint8).permute(1, 2, 0).numpy())


def tensor_of(image: Image) -> Tensor:
    """The grey levels (H, W, 3) as (1, 3, H, W), float32."""
    return torch.from_numpy(image).permute(2, 0, 1)[None].float()


def crc_of(image: Image) -> bytes:
    """The CRC-32 of the 8-bit RGB values row by row, little-endian."""
    return zlib.crc32(image.tobytes()).to_bytes(CRC_BYTES, "little")


def check_crc(image: Image, crc: bytes) -> None:
    """Check that a decoded image is the one that was coded.

    Raises:
        Corrupt: if not.
    """
    check_crc_length(crc)
    if crc_of(image) != crc:
        raise Corrupt("the decoded pixels do not have the CRC that the encoder saw; get the file again.")


def check_crc_length(crc: bytes) -> None:
    """Check that this can be a CRC, before anything is decoded.

    Raises:
        Corrupt: if not.
    """
    if len(crc) != CRC_BYTES:
        raise Corrupt(f"the CRC of the pixels has {len(crc)} bytes, not {CRC_BYTES}; get the file again.")
