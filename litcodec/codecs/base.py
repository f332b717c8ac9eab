"""What every codec is: a module that trains, and a ``freeze`` that makes it real."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from litcodec.codecs.frozen import Architecture, FrozenCodec, LatentCoder, frozen_copy, loaded_copy
from litcodec.codecs.frozen_transforms import FrozenTransforms
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
    centre: Tensor | None = None  # what y is rounded about, if that is not means_hat; broadcasts against y


class CodedLatents(NamedTuple):
    """What quantising y and scoring it gives."""

    y_hat: Tensor  # (B, M, h, w), for the synthesis transform
    likelihoods: tuple[Tensor, ...]  # float32, outermost latent first: (y,) or (y, z)


class Codec(nn.Module, ABC):
    """A codec in training.

    A subclass has a ``density`` for the outermost latent without a conditional model, and a ``quantiser``;
    all but hybrids have transforms ``g_a``, ``g_s`` (and ``h_a``, ``h_s``).
    """

    density: FactorizedDensity
    quantiser: Quantiser
    architecture: Architecture
    downsampling_factor: int  # H and W are padded to multiples of it

    @abstractmethod
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

    @abstractmethod
    def latents(self, x: Tensor) -> Latents:
        """The latents of ``x`` as they are before quantisation, padded to whole latents. For looking at."""

    @abstractmethod
    def freeze(self) -> FrozenCodec:
        """Another object, which alone can compress and decompress; this one is not changed.

        Raises:
            FreezeError: if weights are not finite or too large to be made exact.
        """

    @abstractmethod
    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenCodec:
        """The frozen codec of this architecture whose tensors were read from a codec file.

        Raises:
            FreezeError: if tensors do not fit.
        """


@runtime_checkable
class Transforms(Protocol):
    """A codec with one analysis and one synthesis transform, and what comes between them."""

    g_a: nn.Sequential
    g_s: nn.Sequential
    architecture: Architecture
    downsampling_factor: int

    def code_latents(self, y: Tensor) -> CodedLatents:
        """Quantise ``y`` (B, M, h, w), float32, and score it; called without autocast."""

    def latents_of(self, y: Tensor) -> Latents:
        """The second half of ``Codec.latents``: all that is told of ``y``, float32, without autocast."""


CodeLatents = Callable[[Tensor], CodedLatents]


def coded_between(codec: Transforms, x: Tensor, code: CodeLatents) -> CodecOutput:
    """``Codec.forward``: pad, analyse, ``code`` y in float32, synthesise, crop.

    Args:
        codec: has the transforms.
        x: (B, 3, H, W) in [0, 1].
        code: ``codec.code_latents``, or what has it code another y.

    Raises:
        ShapeError: if ``x`` is not (B, 3, H, W).
    """
    H, W = check_image(x)
    y = codec.g_a(pad_to(x, codec.downsampling_factor))
    with torch.autocast(x.device.type, enabled=False):
        y_hat, likelihoods = code(y.float())
    return CodecOutput(codec.g_s(y_hat)[..., :H, :W], likelihoods)


def latents_between(codec: Transforms, x: Tensor, tell: Callable[[Tensor], Latents]) -> Latents:
    """``Codec.latents``: pad, analyse, ``tell`` of y in float32; the rest as in ``coded_between``."""
    check_image(x)
    y = codec.g_a(pad_to(x, codec.downsampling_factor)).float()
    with torch.autocast(x.device.type, enabled=False):
        return tell(y)


def frozen_with(codec: Transforms, coder: LatentCoder) -> FrozenTransforms:
    """``Codec.freeze`` of a codec, given what lies between its transforms."""
    g_a, g_s = frozen_copy(codec.g_a), frozen_copy(codec.g_s)
    return FrozenTransforms(codec.architecture, codec.downsampling_factor, g_a, g_s, coder)


def restored_with(codec: Transforms, coder: LatentCoder, tensors: Mapping[str, Tensor]) -> FrozenTransforms:
    """``Codec.restore`` of a codec, given what lies between its transforms."""
    g_a, g_s = loaded_copy(codec.g_a, "g_a", tensors), loaded_copy(codec.g_s, "g_s", tensors)
    return FrozenTransforms(codec.architecture, codec.downsampling_factor, g_a, g_s, coder)


def gdn_layer(form: GDNForm) -> type[GDN]:
    """The layer a configuration word stands for."""
    return {"exact": GDN, "simplified": SimplifiedGDN}[form]


def quantiser_or_default(quantiser: Quantiser | None) -> Quantiser:
    """The given one, or the mixed one."""
    return MixedQuantiser() if quantiser is None else quantiser
