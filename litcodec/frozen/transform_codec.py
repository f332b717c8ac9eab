"""A frozen codec of one analysis and one synthesis transform, with a latent coder between them."""

import copy
import math
from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor, nn

from litcodec.architecture import Architecture
from litcodec.errors import FreezeError
from litcodec.frozen.base import FrozenCodec, Resolution, fingerprint_of
from litcodec.frozen.blend import Blend
from litcodec.frozen.padding import as_image, check_image, pad_to, padded_size
from litcodec.frozen.rd_cost import can_be_weighed, cheaper
from litcodec.frozen.refiner import Refiner
from litcodec.frozen.training_info import TrainingInfo
from litcodec.latent_coding import Coded, InStrips, LatentCoder, RefinableCoder, downsampled_by, upsampled_by
from litcodec.latent_coding.frozen_net import full_float32, loaded_copy


class FrozenTransformCodec(FrozenCodec):
    """``g_a``, a latent coder, ``g_s``. Their geometry is found by running them.

    Args:
        architecture: how to build the codec again.
        g_a: analysis transform, float32.
        g_s: synthesis transform, float32.
        latent_coder: what lies between them.

    Raises:
        ShapeError: if a transform has no stride.
        FreezeError: if that of g_s is another.
    """

    def __init__(
        self, architecture: Architecture, g_a: nn.Module, g_s: nn.Module, latent_coder: LatentCoder
    ) -> None:
        self.g_a, self.g_s, self.latent_coder = g_a, g_s, latent_coder
        self._refining: tuple[RefinableCoder, Refiner] | None = None
        like = next(g_s.parameters())
        channels, self.stride = downsampled_by(g_a, like.new_empty(1, 3, 0, 0))
        back = upsampled_by(g_s, like.new_empty(1, channels, 0, 0))
        if back != self.stride:
            raise FreezeError(f"g_a downsamples by {self.stride}, g_s upsamples by {back}.")
        self._g_a = InStrips(
            g_a, rows_in=self.stride, rows_out=1, columns_in=self.stride, pixels=self.stride**2
        )
        self._g_s = self._in_strips(g_s)
        self._second: nn.Module | None = None
        super().__init__(architecture, self.stride * latent_coder.stride)

    @property
    def device(self) -> torch.device:
        """Where the transforms run."""
        return next(self.g_s.parameters()).device

    def to(self, device: torch.device | str) -> Self:
        """Move what runs in floats, in place."""
        for net in (self.g_a, self.g_s, *([] if self._second is None else [self._second])):
            net.to(device)
        self.latent_coder.to(device)
        return self

    @property
    def string_count(self) -> int:
        """How many strings ``encode`` makes."""
        return self.latent_coder.string_count

    def with_rdoq(self, rdoq_lambda: float) -> "FrozenTransformCodec":
        """The same codec with RDOQ in its encoder; raises ``FreezeError`` if it cannot."""
        other = copy.copy(self)
        other.latent_coder = self.latent_coder.with_rdoq(rdoq_lambda)
        return other

    def synthesis_tensors(self) -> dict[str, Tensor]:
        """The weights of g_s, by name."""
        return {f"g_s.{name}": tensor for name, tensor in self.g_s.state_dict().items()}

    def with_second_synthesis(self, tensors: Mapping[str, Tensor]) -> "FrozenTransformCodec":
        """The same codec with a second g_s; raises ``FreezeError`` if ``tensors`` do not fit its layers."""
        other = copy.copy(self)
        other._second = loaded_copy(self.g_s, "g_s", tensors).to(self.device)
        other.has_realism, other.second_fingerprint = True, fingerprint_of("", tensors)
        return other.at_realism(0)

    def at_realism(self, realism: float) -> "FrozenTransformCodec":
        """The same codec whose decoder blends the images of both g_s; raises as every codec."""
        other = copy.copy(self)
        if self._second is None:
            super().at_realism(realism)
            return other
        other._g_s, other.realism = self._in_strips(Blend(self.g_s, self._second, realism)), realism
        return other

    def with_refiner(self, refiner: Refiner) -> "FrozenTransformCodec":
        """The same codec, whose encoder refines y; raises ``FreezeError`` if it has no hyperprior."""
        coder = self.latent_coder.with_rdoq(math.inf)  # the refiner weighed bits already
        if not isinstance(coder, RefinableCoder):
            raise FreezeError(f"a {self.architecture.name} has no z, given which y could be refined.")
        other = copy.copy(self)
        other._refining = coder, refiner
        return other

    @property
    def refines(self) -> bool:
        """Whether its encoder has a refiner."""
        return self._refining is not None

    def encode(self, x: Tensor) -> Coded:
        """Code one image (1, 3, H, W) in [0, 1], with the decoder's latents and counts."""
        y = self.analyse(x)
        coded, refined = self.encode_latents(y), self.encode_refined(x, y, self.training)
        return coded if refined is None else cheaper(self, x, coded, refined)

    def encode_refined(self, x: Tensor, y: Tensor, training: TrainingInfo) -> Coded | None:
        """Code ``y`` of ``x`` after the refiner; None without one, or if the image is too small to weigh."""
        if self._refining is None or not can_be_weighed(training, check_image(x)):
            return None
        coder, refiner = self._refining
        with full_float32(self.device):
            z_hat = coder.z_hat(y)
        refined = refiner(x, y, z_hat, training)
        with full_float32(self.device):
            return coder.encode_given(refined, z_hat)

    def analyse(self, x: Tensor) -> Tensor:
        """Y (1, M, h, w), float32, of one image (1, 3, H, W): the first half of ``encode``."""
        # One by one and in float32, so that neither batch nor autocast can change a symbol.
        with full_float32(self.device):
            x = pad_to(x.to(self.device, torch.float32), self.downsampling_factor)
            return self._g_a(x.contiguous(memory_format=torch.channels_last)).contiguous()

    def encode_latents(self, y: Tensor) -> Coded:
        """The second half of ``encode``."""
        with full_float32(self.device):
            return self.latent_coder.encode(y)

    def decode(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """Decode one image of ``size`` (H, W): (1, 3, H, W), float32 in [0, 1]."""
        return self.synthesise(self.decode_latents(strings, size), size)

    def bits(self, x: Tensor, resolution: Resolution | None = None) -> tuple[Tensor, ...]:
        """Bits of every symbol of one image (1, 3, H, W), for each latent, outermost first."""
        return self.bits_of_latents(self.analyse(x))

    def bits_of_latents(self, y: Tensor) -> tuple[Tensor, ...]:
        """The second half of ``bits``."""
        with full_float32(self.device):
            return self.latent_coder.bits(y)

    def decode_latents(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """The ``y_hat`` that ``encode`` reported, (1, M, h, w)."""
        H, W = padded_size(*size, self.downsampling_factor)
        with torch.inference_mode():
            return self.latent_coder.decode(strings, H // self.stride, W // self.stride)

    def synthesise(self, y_hat: Tensor, size: tuple[int, int], *, clamped: bool = True) -> Tensor:
        """The image (1, 3, H, W), in [0, 1] if ``clamped``, of decoded latents (1, M, h, w).

        Raises:
            FreezeError: if ``clamped`` and a value is not finite.
        """
        with full_float32(self.device):
            x_hat = self._g_s(y_hat.to(self.device).contiguous(memory_format=torch.channels_last))
            return as_image(x_hat, size) if clamped else x_hat[..., : size[0], : size[1]].contiguous()

    def decoder_tensors(self) -> dict[str, Tensor]:
        """All tensors that decoding depends on, by name."""
        return {**self.synthesis_tensors(), **self.latent_coder.decoder_tensors()}

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that only compressing depends on."""
        g_a = {f"g_a.{name}": tensor for name, tensor in self.g_a.state_dict().items()}
        return {**g_a, **self.latent_coder.encoder_tensors()}

    def _in_strips(self, g_s: nn.Module) -> InStrips:
        return InStrips(g_s, rows_in=1, rows_out=self.stride, columns_in=1, pixels=self.stride**2)
