"""A frozen hybrid: a frozen codec, and the network that enhances what it decodes."""

import copy
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from litcodec.architecture import Architecture
from litcodec.errors import Corrupt
from litcodec.frozen.base import FrozenCodec, Resolution, Stages
from litcodec.frozen.enhance_tiles import enhance_in_tiles
from litcodec.frozen.padding import as_image, check_image, padded_size
from litcodec.frozen.rd_cost import can_be_weighed, cost
from litcodec.frozen.transform_codec import FrozenTransformCodec
from litcodec.latent_coding import Coded
from litcodec.latent_coding.frozen_net import full_float32
from litcodec.transforms import GRDN, double, halve

# The last string of a codec that chooses: one byte.
FLAGS: dict[Resolution, bytes] = {"half": b"\x00", "native": b"\x01"}


class FrozenHybrid(FrozenCodec):
    """Codes with the inner codec, at half size if the enhancer doubles, and enhances what that decodes.

    One that is ``native`` codes every image at both sizes, decodes both, and keeps the one with the lower
    ``R + lmbda * D``: R of the strings' bytes, lmbda and the distortion of ``training``. Without them, or
    where MS-SSIM would be needed of an image too small for it, it takes the half size.

    Args:
        architecture: how to build the codec again.
        inner: codes.
        enhancer: float32.
        native: whether there is a choice.
    """

    def __init__(
        self, architecture: Architecture, inner: FrozenTransformCodec, enhancer: GRDN, *, native: bool
    ) -> None:
        self.inner, self.enhancer, self.native = inner, enhancer, native
        super().__init__(architecture, inner.downsampling_factor * enhancer.scale)

    has_stages = True

    @property
    def device(self) -> torch.device:
        """Where the transforms run."""
        return self.inner.device

    def to(self, device: torch.device | str) -> Self:
        """Move what runs in floats, in place."""
        self.inner.to(device)
        self.enhancer.to(device)
        return self

    def with_rdoq(self, rdoq_lambda: float) -> "FrozenHybrid":
        """The same codec with RDOQ in its encoder; raises ``FreezeError`` if it cannot."""
        other = copy.copy(self)
        other.inner = self.inner.with_rdoq(rdoq_lambda)
        return other

    @property
    def string_count(self) -> int:
        """How many strings ``encode`` makes: the inner codec's, and one for the choice if there is one."""
        return self.inner.string_count + self.native

    def encode(self, x: Tensor) -> Coded:
        """Code one image (1, 3, H, W) in [0, 1], with the decoder's latents and counts."""
        if not self.native:
            return self.inner.encode(self._coded_image(x))
        coded, resolution = self._choose(x)
        return coded._replace(strings=(*coded.strings, FLAGS[resolution]))

    def decode(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """Decode one image of ``size`` (H, W): (1, 3, H, W), float32 in [0, 1]."""
        y_hat = self.decode_latents(strings, size)
        if self.resolution(strings) == "native":
            return self.inner.synthesise(y_hat, size)
        return self._enhanced(self._decoded(y_hat, size), size)

    def decode_latents(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """The ``y_hat`` that ``encode`` reported, (1, M, h, w)."""
        size = size if self.resolution(strings) == "native" else self._size_coded(size)
        return self.inner.decode_latents(strings[: self.inner.string_count], size)

    def bits(self, x: Tensor, resolution: Resolution | None = None) -> tuple[Tensor, ...]:
        """Bits of every symbol at the size that ``encode`` takes, without the one byte that holds it.

        Args:
            x: the image.
            resolution: what ``encode`` has chosen, if that is known: then it is not tried again.
        """
        if not self.native or (resolution or self._choose(x)[1]) == "half":
            return self.inner.bits(self._coded_image(x))
        # At its own size the image may be padded by less than to ``downsampling_factor``.
        size = check_image(x)
        H, W = padded_size(*size, self.downsampling_factor)
        h, _ = padded_size(*size, self.inner.downsampling_factor)
        return tuple(_padded(latent, H, W, stride=h // latent.shape[2]) for latent in self.inner.bits(x))

    def decode_stages(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Stages:
        """Decode an image before and after the enhancer, (1, 3, H, W) each; both alike if "native"."""
        y_hat = self.decode_latents(strings, size)
        if self.resolution(strings) == "native":
            x_hat = self.inner.synthesise(y_hat, size)
            return Stages(x_hat, x_hat, "native")
        decoded = self._decoded(y_hat, size)
        with full_float32(self.device):
            inner = double(decoded) if self._halves else decoded
            inner = as_image(inner, size)
        return Stages(inner, self._enhanced(decoded, size), "half" if self._halves else "native")

    def resolution(self, strings: tuple[bytes, ...]) -> Resolution | None:
        """The size at which an image was coded, as its last string says; None if there is no choice.

        Raises:
            CodecMismatch: if the number of strings is not this codec's.
            Corrupt: if the last one is not what ``encode`` writes.
        """
        if not self.native:
            return None
        self._check_number(strings)
        for resolution, flag in FLAGS.items():
            if strings[-1] == flag:
                return resolution
        raise Corrupt(
            f"the string that holds the resolution is {strings[-1][:8]!r}, not 00 or 01; get the file again."
        )

    def decoder_tensors(self) -> dict[str, Tensor]:
        """All tensors that decoding depends on, by name."""
        enhancer = self.enhancer.state_dict()
        return {
            **{f"inner.{name}": tensor for name, tensor in self.inner.decoder_tensors().items()},
            **{f"enhancer.{name}": tensor for name, tensor in enhancer.items()},
        }

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that only compressing depends on."""
        return {f"inner.{name}": tensor for name, tensor in self.inner.encoder_tensors().items()}

    @property
    def _halves(self) -> bool:
        return self.enhancer.scale == 2

    def _choose(self, x: Tensor) -> tuple[Coded, Resolution]:
        """Code ``x`` at the better of both sizes."""
        size = check_image(x)
        half = self.inner.encode(self._coded_image(x))
        if not can_be_weighed(self.training, size):
            return half, "half"
        native = self.inner.encode(x)
        with full_float32(self.device):
            at_half = cost(half, self._enhanced(self._decoded(half.y_hat, size), size), x, self.training)
            at_native = cost(native, self.inner.synthesise(native.y_hat, size), x, self.training)
        return (native, "native") if at_native < at_half else (half, "half")

    def _coded_image(self, x: Tensor) -> Tensor:
        """What the inner codec codes of ``x`` where it has no choice."""
        check_image(x)
        if not self._halves:
            return x
        with full_float32(self.device):  # and in one memory format: a mean must not depend on it
            return halve(x.to(self.device, torch.float32).contiguous())

    def _decoded(self, y_hat: Tensor, size: tuple[int, int]) -> Tensor:
        """The image that the enhancer sees. Not clamped: nor was it in training."""
        return self.inner.synthesise(y_hat, self._size_coded(size), clamped=False)

    def _size_coded(self, size: tuple[int, int]) -> tuple[int, int]:
        """Of the image that ``_coded_image`` gives of one of ``size``."""
        scale = self.enhancer.scale
        return -(-size[0] // scale), -(-size[1] // scale)

    def _enhanced(self, decoded: Tensor, size: tuple[int, int]) -> Tensor:
        with full_float32(self.device):
            return as_image(enhance_in_tiles(self.enhancer, decoded), size)


def _padded(latent: Tensor, H: int, W: int, *, stride: int) -> Tensor:
    """Zeros to the right and below, up to an image of H x W pixels."""
    return F.pad(latent, (0, W // stride - latent.shape[3], 0, H // stride - latent.shape[2]))
