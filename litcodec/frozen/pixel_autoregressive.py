"""The frozen lossless codec of pixels."""

import zlib
from typing import Self

import numpy as np
import torch
from torch import Tensor

from litcodec.architecture import Architecture
from litcodec.errors import Corrupt, ShapeError
from litcodec.frozen.base import FrozenCodec, Resolution
from litcodec.frozen.padding import check_image
from litcodec.latent_coding import Coded, PixelNetwork, PixelWalk
from litcodec.latent_coding.pixel_walk import Image

CODED_ORDER = [1, 0, 2]  # G, R, B
CRC_BYTES = 4
ROUNDING = 1e-3  # of a grey level: what float32 makes of v / 255


class FrozenPixelAutoregressive(FrozenCodec):
    """Two strings: the pixels, and the CRC-32 of their 8-bit RGB values row by row, little-endian.

    All of it is exact and runs on the CPU.

    Args:
        architecture: how to build the codec again.
        network: predicts the mixtures.
    """

    lossless = True

    def __init__(self, architecture: Architecture, network: PixelNetwork) -> None:
        super().__init__(architecture, 1)
        self._network, self._walk = network, PixelWalk(network)

    @property
    def device(self) -> torch.device:
        """See ``FrozenCodec``: always the CPU."""
        return torch.device("cpu")

    def to(self, device: torch.device | str) -> Self:
        """See ``FrozenCodec``: nothing is moved."""
        return self

    @property
    def string_count(self) -> int:
        """See ``FrozenCodec``."""
        return 2

    def encode(self, x: Tensor) -> Coded:
        """See ``FrozenCodec.encode``; ``y_hat`` are the grey levels.

        Raises:
            ShapeError: if ``x`` is no 8-bit image.
        """
        image = _levels(x)
        string = self._walk.encode(image[..., CODED_ORDER])
        crc = zlib.crc32(image.tobytes()).to_bytes(CRC_BYTES, "little")
        return Coded((string, crc), _tensor(image), image.size, 0, 0)

    def decode(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """See ``FrozenCodec.decode``: the very levels, divided by 255.

        Raises:
            Corrupt: if they have another CRC.
        """
        return self.decode_latents(strings, size) / 255

    def decode_latents(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """See ``FrozenCodec``: the grey levels (1, 3, H, W)."""
        self._check_number(strings)
        string, crc = strings
        if len(crc) != CRC_BYTES:
            raise Corrupt(f"the CRC of the pixels has {len(crc)} bytes, not 4; get the file again.")
        image = np.ascontiguousarray(self._walk.decode(string, *size)[..., CODED_ORDER])
        if zlib.crc32(image.tobytes()) != int.from_bytes(crc, "little"):
            raise Corrupt("the decoded pixels do not have the CRC that the encoder saw; get the file again.")
        return _tensor(image)

    def bits(self, x: Tensor, resolution: Resolution | None = None) -> tuple[Tensor, ...]:
        """See ``FrozenCodec``: of every level, (1, 3, H, W)."""
        bits = self._walk.bits(_levels(x)[..., CODED_ORDER])[..., CODED_ORDER]
        return (torch.from_numpy(np.ascontiguousarray(bits.transpose(2, 0, 1)))[None],)

    def decoder_tensors(self) -> dict[str, Tensor]:
        """See ``FrozenCodec``."""
        return self._network.tensors()

    def encoder_tensors(self) -> dict[str, Tensor]:
        """See ``FrozenCodec``: nothing."""
        return {}


def _levels(x: Tensor) -> Image:
    """The grey levels (H, W, 3) of one image (1, 3, H, W)."""
    check_image(x)
    scaled = x[0].detach().cpu().double() * 255
    rounded = scaled.round()
    off = float((scaled - rounded).abs().max())
    if not off < ROUNDING or not 0 <= float(rounded.min()) <= float(rounded.max()) <= 255:
        raise ShapeError(
            f"a lossless codec takes 8-bit images, multiples of 1/255; got a value {off:.3g} levels off one."
        )
    return np.ascontiguousarray(rounded.to(torch.uint8).permute(1, 2, 0).numpy())


def _tensor(image: Image) -> Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)[None].float()
