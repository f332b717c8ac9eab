"""What every codec is: a module that trains, and a ``freeze`` that makes it real."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal, NamedTuple

from torch import Tensor, nn

from litcodec.codecs.frozen import Architecture, FrozenCodec, LatentCoder, frozen_copy, loaded_copy
from litcodec.codecs.padding import check_image, pad_to
from litcodec.entropy import FactorizedDensity, MixedQuantiser, Quantiser
from litcodec.layers import GDN, SimplifiedGDN
from litcodec.types import CodecOutput

GDNForm = Literal["exact", "simplified"]


class Latents(NamedTuple):
    """What lies between image and bits, float32, before quantisation."""

    y: Tensor  # (B, M, h, w)
    z: Tensor | None = None  # (B, N, h/4, w/4), hyperpriors only
    means_hat: Tensor | None = None  # as y
    scales_hat: Tensor | None = None  # as y


class Codec(nn.Module, ABC):
    """A codec in training.

    A subclass has the transforms ``g_a``, ``g_s`` (and ``h_a``, ``h_s``), a ``density`` for the outermost
    latent without a conditional model, and a ``quantiser``.
    """

    g_a: nn.Sequential
    g_s: nn.Sequential
    density: FactorizedDensity
    quantiser: Quantiser
    architecture: Architecture
    downsampling_factor: int  # H and W are padded to multiples of it

    def forward(self, x: Tensor) -> CodecOutput:
        """Code and reconstruct.

        Args:
            x: (B, 3, H, W) in [0, 1], any H, W >= 1; padded inside, cropped after.

        Returns:
            ``x_hat`` shaped like ``x``, and the likelihoods of all latents. Bits per pixel are
            ``-sum(log2(likelihoods)) / (B * H * W)`` with the true H and W.

        Raises:
            ShapeError: if ``x`` is not (B, 3, H, W).
        """
        H, W = check_image(x)
        x_hat, likelihoods = self._code(pad_to(x, self.downsampling_factor))
        return CodecOutput(x_hat[..., :H, :W], likelihoods)

    @abstractmethod
    def _code(self, x: Tensor) -> CodecOutput:
        """``forward`` on an image whose sides are multiples of ``downsampling_factor``."""

    @abstractmethod
    def latents(self, x: Tensor) -> Latents:
        """The latents of ``x`` as they are before quantisation, padded to whole latents. For looking at."""

    def freeze(self) -> FrozenCodec:
        """Another object, which alone can compress and decompress; this one is not changed.

        Raises:
            FreezeError: if weights are not finite or too large to be made exact.
        """
        coder = self._freeze_latents()
        g_a, g_s = frozen_copy(self.g_a), frozen_copy(self.g_s)
        return FrozenCodec(self.architecture, self.downsampling_factor, g_a, g_s, coder)

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenCodec:
        """The frozen codec of this architecture whose tensors were read from a codec file.

        Raises:
            FreezeError: if tensors do not fit.
        """
        g_a, g_s = loaded_copy(self.g_a, "g_a", tensors), loaded_copy(self.g_s, "g_s", tensors)
        coder = self._restore_latents(tensors)
        return FrozenCodec(self.architecture, self.downsampling_factor, g_a, g_s, coder)

    @abstractmethod
    def _freeze_latents(self) -> LatentCoder:
        """What lies between g_a and g_s, made exact."""

    @abstractmethod
    def _restore_latents(self, tensors: Mapping[str, Tensor]) -> LatentCoder:
        """What lies between g_a and g_s, from a codec file."""


def gdn_layer(form: GDNForm) -> type[GDN]:
    """The layer a configuration word stands for."""
    return {"exact": GDN, "simplified": SimplifiedGDN}[form]


def quantiser_or_default(quantiser: Quantiser | None) -> Quantiser:
    """The given one, or the mixed one."""
    return MixedQuantiser() if quantiser is None else quantiser
