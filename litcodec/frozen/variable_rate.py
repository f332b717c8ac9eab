"""A frozen codec that codes at any of 256 rates."""

import copy
from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor

from litcodec.architecture import Architecture
from litcodec.bitstream import pack
from litcodec.errors import Corrupt, FreezeError
from litcodec.frozen.base import FrozenCodec, Resolution
from litcodec.frozen.padding import check_image
from litcodec.frozen.rate_search import largest_level
from litcodec.frozen.rates import MIDDLE, QUALITIES, RateRange, level_of, place, quality_of
from litcodec.frozen.rd_cost import cheaper
from litcodec.frozen.refiner import Refiner
from litcodec.frozen.transform_codec import FrozenTransformCodec
from litcodec.latent_coding import Coded
from litcodec.latent_coding.frozen_net import full_float32
from litcodec.layers import Gains, GainUnit
from litcodec.types import Compressed

LOWER = 2  # levels, some percent of the bytes
LOG_GAIN_MAX = 40.0  # e^40 is far beyond all use, and a finite float32


class FrozenVariableRate(FrozenCodec):
    """Scales y, codes it with the inner codec, and scales back what that decodes.

    An object codes at one level, the middle one unless ``at`` made it; it decodes streams of every level, as
    the last string holds which. Gains decide no probability: they scale y before it is rounded, and y_hat
    after it is decoded.

    Args:
        architecture: how to build the codec again.
        inner: codes.
        gains: float32.
        rates: what the levels stand for.

    Raises:
        FreezeError: if a gain is too large.
    """

    def __init__(
        self, architecture: Architecture, inner: FrozenTransformCodec, gains: GainUnit, rates: RateRange
    ) -> None:
        self.inner, self.gains, self.rates = inner, gains, rates
        self.level = MIDDLE
        for name, logs in gains.named_parameters():
            if logs.abs().max() > LOG_GAIN_MAX:
                raise FreezeError(
                    f"{name} of {float(logs.abs().max()):g} is too large; the codec has diverged."
                )
        super().__init__(architecture, inner.downsampling_factor)

    qualities = QUALITIES

    @property
    def device(self) -> torch.device:
        """Where the transforms run."""
        return self.inner.device

    def to(self, device: torch.device | str) -> Self:
        """Move what runs in floats, in place."""
        self.inner.to(device)
        self.gains.to(device)
        return self

    def with_rdoq(self, rdoq_lambda: float) -> "FrozenVariableRate":
        """The same codec with RDOQ in its encoder; raises ``FreezeError`` if it cannot."""
        other = copy.copy(self)
        other.inner = self.inner.with_rdoq(rdoq_lambda)
        return other

    def synthesis_tensors(self) -> dict[str, Tensor]:
        """The weights of the inner codec's synthesis, by name."""
        return self.inner.synthesis_tensors()

    def with_second_synthesis(self, tensors: Mapping[str, Tensor]) -> "FrozenVariableRate":
        """The same codec with a second synthesis for all rates; raises as every codec."""
        return self._around(self.inner.with_second_synthesis(tensors))

    def at_realism(self, realism: float) -> "FrozenVariableRate":
        """The same codec, its decoder set to a realism; raises as every codec."""
        return self._around(self.inner.at_realism(realism))

    def with_refiner(self, refiner: Refiner) -> "FrozenVariableRate":
        """The same codec, whose encoder refines y; raises ``FreezeError`` if it has no hyperprior."""
        return self._around(self.inner.with_refiner(refiner))

    def at_quality(self, quality: float) -> "FrozenVariableRate":
        """The same codec, its encoder set to the level of a quality."""
        return self.at(level_of(quality))

    def quality_of(self, strings: tuple[bytes, ...]) -> float:
        """The quality of the level that the last string holds."""
        return quality_of(self.level_in(strings))

    def largest_within(self, x: Tensor, max_bytes: int) -> Compressed:
        """Code ``x`` (1, 3, H, W) at the highest level that fits; g_a runs once for all levels tried."""
        self._check_encoder()
        size, y = check_image(x), self.analyse(x)

        def at_level(level: int) -> Compressed:
            return Compressed(self.encode_latents(y, level).strings, size)

        found = largest_level(at_level, self.fingerprint, max_bytes)
        return self._refined_within(x, y, found, max_bytes) if self.inner.refines else found

    def _refined_within(self, x: Tensor, y: Tensor, found: Compressed, max_bytes: int) -> Compressed:
        """``found`` after the refiner, if that is better and has at most ``max_bytes``."""
        level = self.level_in(found.strings)
        plain, at = self.encode_latents(y, level), self.at(level)
        # Refined latents may take some bytes more than those they were made of: then a lower level is tried.
        for lower in (level, max(0, level - LOWER)):
            refined = self.inner.encode_refined(x, self._scaled(y, lower), self.at(lower).training)
            if refined is not None:
                coded = self._with_level(refined, lower)
                compressed = Compressed(coded.strings, found.size)
                if len(pack(compressed, self.fingerprint)) <= max_bytes:
                    return compressed if cheaper(at, x, plain, coded) is coded else found
        return found

    def at(self, level: int) -> "FrozenVariableRate":
        """The same codec, its encoder set to ``level``, 0..255.

        Raises:
            ShapeError: if there is no such level.
        """
        place(level)
        other = copy.copy(self)
        other.level = level
        other.training = self.training._replace(lmbda=self.rates.lmbda(level))
        return other

    @property
    def string_count(self) -> int:
        """How many strings ``encode`` makes: the inner codec's, and one for the level."""
        return self.inner.string_count + 1

    def encode(self, x: Tensor) -> Coded:
        """Code one image (1, 3, H, W) in [0, 1]; ``y_hat`` is the inner codec's, before it is scaled back."""
        y = self.analyse(x)
        with full_float32(y.device):
            y *= self.gains_at(self.level).gain.to(y.device)  # in place: no second y of a large image
        coded = self._with_level(self.inner.encode_latents(y), self.level)
        refined = self.inner.encode_refined(x, y, self.training)
        return coded if refined is None else cheaper(self, x, coded, self._with_level(refined, self.level))

    def analyse(self, x: Tensor) -> Tensor:
        """Y (1, M, h, w) of one image, which is the same at all levels: who tries several needs it once."""
        return self.inner.analyse(x)

    def encode_latents(self, y: Tensor, level: int) -> Coded:
        """The second half of ``encode``, at any level."""
        return self._with_level(self.inner.encode_latents(self._scaled(y, level)), level)

    def decode(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """Decode one image of ``size`` (H, W): (1, 3, H, W), float32 in [0, 1]."""
        level = self.level_in(strings)
        y_hat = self.decode_latents(strings, size)
        return self.inner.synthesise(y_hat * self.gains_at(level).inverse.to(y_hat.device), size)

    def decode_latents(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """The ``y_hat`` that ``encode`` reported, (1, M, h, w)."""
        self.level_in(strings)
        return self.inner.decode_latents(strings[:-1], size)

    def bits(self, x: Tensor, resolution: Resolution | None = None) -> tuple[Tensor, ...]:
        """Bits of every symbol of one image (1, 3, H, W); without the one byte of the level."""
        return self.inner.bits_of_latents(self._scaled(self.analyse(x), self.level))

    def level_in(self, strings: tuple[bytes, ...]) -> int:
        """At which level an image was coded.

        Raises:
            CodecMismatch: if the number of strings is not this codec's.
            Corrupt: if the last one is not what ``encode`` writes.
        """
        self._check_number(strings)
        if len(strings[-1]) != 1:
            raise Corrupt(
                f"the string that holds the level has {len(strings[-1])} bytes, not 1; get the file again."
            )
        return strings[-1][0]

    @torch.inference_mode()
    def gains_at(self, level: int) -> Gains:
        """The gains (1, M, 1, 1) of a level, float32."""
        # Interpolated in float64, so that machines differ in the last bit at most.
        where = torch.tensor([place(level)], dtype=torch.float64, device=self.gains.log_gains.device)
        return Gains(*(each.float() for each in self.gains(where)))

    def decoder_tensors(self) -> dict[str, Tensor]:
        """All tensors that decoding depends on, by name."""
        inner = {f"inner.{name}": tensor for name, tensor in self.inner.decoder_tensors().items()}
        return {**inner, "gains.log_inverse_gains": self.gains.log_inverse_gains}

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that only compressing depends on."""
        inner = {f"inner.{name}": tensor for name, tensor in self.inner.encoder_tensors().items()}
        return {**inner, "gains.log_gains": self.gains.log_gains}

    def _around(self, inner: FrozenTransformCodec) -> "FrozenVariableRate":
        """The same codec around the same inner codec with another decoder."""
        other = copy.copy(self)
        other.inner, other.has_realism, other.realism = inner, inner.has_realism, inner.realism
        other.second_fingerprint = inner.second_fingerprint
        return other

    @staticmethod
    def _with_level(coded: Coded, level: int) -> Coded:
        return coded._replace(strings=(*coded.strings, bytes([level])))

    def _scaled(self, y: Tensor, level: int) -> Tensor:
        with full_float32(y.device):
            return y * self.gains_at(level).gain.to(y.device)
