"""The frozen L3C."""

from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from litcodec.architecture import Architecture
from litcodec.errors import FreezeError
from litcodec.frozen.base import FrozenCodec, Resolution
from litcodec.frozen.eight_bits import Image, check_crc, check_crc_length, crc_of, levels_of, tensor_of
from litcodec.frozen.padding import pad_to
from litcodec.latent_coding import Coded, InStrips, PyramidCoder
from litcodec.latent_coding.frozen_net import full_float32
from litcodec.latent_coding.pyramid import Pyramid


class FrozenL3C(FrozenCodec):
    """The strings: the pixels, z of each scale from the finest, the CRC-32 of the pixels.

    Args:
        architecture: how to build the codec again.
        encoders: of the scales, finest first: (1, C, 2h, 2w) -> features (1, N, h, w).
        heads: features -> z before quantisation, in levels about the middle one.
        coder: of the pyramid.
    """

    lossless = True

    def __init__(
        self, architecture: Architecture, encoders: nn.ModuleList, heads: nn.ModuleList, coder: PyramidCoder
    ) -> None:
        super().__init__(architecture, 2 ** len(encoders))
        self._encoders, self._heads, self._coder = encoders, heads, coder
        self._in_strips = [
            InStrips(net, rows_in=2, rows_out=1, columns_in=2, pixels=4 ** (k + 1))
            for k, net in enumerate(encoders)
        ]

    @property
    def device(self) -> torch.device:
        """Where the transforms run: where the encoders are."""
        return next(self._heads.parameters()).device

    def to(self, device: torch.device | str) -> Self:
        """Move what runs in floats, in place."""
        self._encoders.to(device)
        self._heads.to(device)
        return self

    @property
    def string_count(self) -> int:
        """How many strings ``encode`` makes."""
        return len(self._encoders) + 2

    def encode(self, x: Tensor) -> Coded:
        """Code an 8-bit image (1, 3, H, W) in [0, 1]; ``y_hat`` are its grey levels.

        Raises:
            ShapeError: if ``x`` is no 8-bit image.
        """
        image = levels_of(x)
        pyramid = self._pyramid(image)
        symbols = sum(part.size for part in (pyramid.pixels, *pyramid.z))
        return Coded((*self._coder.encode(pyramid), crc_of(image)), tensor_of(image), symbols, 0, 0)

    def _pyramid(self, image: Image) -> Pyramid:
        z, radius = [], self._coder.radius
        with full_float32(self.device):
            f = pad_to(normalised(tensor_of(image).to(self.device)), self.downsampling_factor)
            for encode, head in zip(self._in_strips, self._heads, strict=True):
                f = encode(f)
                levels = head(f)[0].cpu()
                if not levels.isfinite().all():
                    raise FreezeError("an encoder gave latents that are not finite; the codec has diverged.")
                z.append((levels.clamp(-radius, radius).round() + radius).long().numpy())
        return Pyramid(image.transpose(2, 0, 1).astype(np.int64), z)

    def decode(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """Decode the exact grey levels, divided by 255: (1, 3, H, W).

        Raises:
            Corrupt: if they have another CRC.
        """
        return self.decode_latents(strings, size) / 255

    def decode_latents(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """The ``y_hat`` that ``encode`` reported: the grey levels (1, 3, H, W)."""
        self._check_number(strings)
        check_crc_length(strings[-1])
        pixels = self._coder.decode(strings[:-1], *size).pixels
        image = np.ascontiguousarray(pixels.transpose(1, 2, 0).astype(np.uint8))
        check_crc(image, strings[-1])
        return tensor_of(image)

    def bits(self, x: Tensor, resolution: Resolution | None = None) -> tuple[Tensor, ...]:
        """Bits of every grey level, (1, 3, H, W), and of z of each scale."""
        found = self._coder.bits(self._pyramid(levels_of(x)))
        return tuple(torch.from_numpy(bits)[None] for bits in found)

    def decoder_tensors(self) -> dict[str, Tensor]:
        """All tensors that decoding depends on, by name."""
        found: dict[str, Tensor] = {}
        for k, scale in enumerate(self._coder.scales):
            found |= scale.tensors(f"predictors.{k}")
        return found

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that only compressing depends on."""
        parts = {"encoders": self._encoders, "heads": self._heads}
        return {
            f"{name}.{key}": tensor
            for name, part in parts.items()
            for key, tensor in part.state_dict().items()
        }


def normalised(levels: Tensor) -> Tensor:
    """Grey levels (B, 3, H, W) as the encoders see them."""
    mean = torch.tensor((0.4488, 0.4371, 0.4040), device=levels.device)[:, None, None]
    return (levels - 255 * mean) / 128
