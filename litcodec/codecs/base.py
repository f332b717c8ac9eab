"""The base of every codec: a module that trains, and ``freeze``, which makes the codec that compresses."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from litcodec.architecture import Buildable
from litcodec.entropy import FactorizedDensity, Quantiser
from litcodec.errors import ArchitectureError
from litcodec.frozen import FrozenCodec, FrozenTransformCodec, RateRange, Resolution
from litcodec.frozen.padding import check_image, pad_to
from litcodec.latent_coding import downsampled_by
from litcodec.latent_coding.frozen_net import frozen_copy, loaded_copy
from litcodec.latent_models import CodedLatents, LatentModel, Latents
from litcodec.layers import name_flat
from litcodec.types import CodecOutput


class Codec(Buildable, nn.Module, ABC):
    """A codec in training. Most are a ``TransformCodec``."""

    training_arguments: ClassVar[frozenset[str]] = frozenset({"quantiser"})
    lmbda_range: RateRange | None = None  # if it has one, ``forward`` takes one lmbda for each image
    only_size: tuple[int, int] | None = None  # (H, W) of the image, if it codes but one
    has_stages = False  # whether an enhancer works on what an inner codec decodes
    chooses_resolution = False  # whether its encoder may code images at half size

    @property
    @abstractmethod
    def downsampling_factor(self) -> int:
        """H and W are padded to multiples of it."""

    @property
    def parts(self) -> Mapping[str, nn.Module]:
        """The parts that may be trained one without the other, by name."""
        return dict(self.named_children())

    @property
    def density(self) -> FactorizedDensity | None:
        """The learned density of the outermost latent that has no conditional model, if there is one."""
        return None

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

    def from_latents(
        self, y: Tensor, *, z_hat: Tensor, size: tuple[int, int], quantiser: Quantiser
    ) -> CodecOutput:
        """``forward`` from y on, with another quantiser and a z that is known.

        Args:
            y: (B, M, h, w).
            z_hat: (B, N, h/s, w/s), rounded.
            size: (H, W) of the images.
            quantiser: of y, in training mode.

        Raises:
            ArchitectureError: if the codec has no one y, or no z.
        """
        raise ArchitectureError(f"a {type(self).__name__} has no one y, given z, to go on from.")

    def latent_source(self, x: Tensor, resolution: Resolution | None = None) -> tuple["Codec", Tensor]:
        """The codec whose latents ``x`` is coded with, and the image that it codes.

        Args:
            x: (B, 3, H, W).
            resolution: what the frozen codec has chosen, if it has a choice.
        """
        return self, x

    def at_lmbda(self, lmbda: float) -> "Codec | None":
        """A codec of one rate that codes as this one does at ``lmbda``; None if this one has one rate itself.

        Raises:
            ArchitectureError: if ``lmbda`` is none of its rates, or there is no such codec.
        """
        return None

    def start_from(self, trained: "Codec", lmbda: float) -> None:
        """Take over the weights of a trained codec.

        Args:
            trained: built like this one, or a codec of variable rate with a codec like this one inside.
            lmbda: of the latter's rates the one to code at.

        Raises:
            ArchitectureError: if it is another codec; the text goes on after the name of what holds it.
        """
        found, wanted = trained.architecture, self.architecture
        same = trained if found == wanted else trained.at_lmbda(lmbda)
        if same is None or same.architecture != wanted:
            raise ArchitectureError(
                f"holds a {found.name} {found.init_args}, the configuration says {wanted.name} "
                f"{wanted.init_args}. Start from weights of the same codec."
            )
        self.load_state_dict(same.state_dict())

    @abstractmethod
    def freeze(self) -> FrozenCodec:
        """Another object, which alone can compress and decompress; this one is not changed.

        Raises:
            FreezeError: if weights are not finite or too large to be made exact.
            ArchitectureError: if a constructor argument cannot be written to a file.
        """

    @abstractmethod
    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenCodec:
        """The frozen codec of this architecture whose tensors were read from a codec file.

        Raises:
            FreezeError: if tensors do not fit.
        """


class TransformCodec(Codec):
    """``x -> g_a -> y -> latent model -> y_hat -> g_s -> x_hat``.

    Args:
        g_a: analysis transform, (B, 3, H, W) -> (B, M, H/s, W/s) for any whole s.
        g_s: synthesis transform, its inverse in shape.
        latent_model: quantises y and scores it.
    """

    def __init__(self, *, g_a: nn.Module, g_s: nn.Module, latent_model: LatentModel) -> None:
        super().__init__()
        self.g_a, self.g_s, self.latent_model = g_a, g_s, latent_model
        name_flat(self, "latent_model")
        self._stride: int | None = None

    @property
    def density(self) -> FactorizedDensity | None:
        """The factorized density of the latent model, if it has one."""
        found = getattr(self.latent_model, "density", None)
        return found if isinstance(found, FactorizedDensity) else None

    @property
    def stride(self) -> int:
        """Image rows, and columns, for each of y; found by running g_a once."""
        if self._stride is None:
            like = next(self.g_a.parameters()).new_empty(1, 3, 0, 0)
            self._stride = downsampled_by(self.g_a.forward, like).stride
        return self._stride

    @property
    def downsampling_factor(self) -> int:
        """The stride of g_a times that of the latent model: H and W are padded to multiples of it."""
        return self.stride * self.latent_model.stride

    def forward(self, x: Tensor) -> CodecOutput:
        """Code and reconstruct ``x`` (B, 3, H, W) in [0, 1]."""
        return self.forward_with(x, self.latent_model)

    def forward_with(self, x: Tensor, code: Callable[[Tensor], CodedLatents]) -> CodecOutput:
        """``forward`` with something else than the latent model, or about it: y in float32 -> coded y."""
        H, W = check_image(x)
        y = self.g_a(pad_to(x, self.downsampling_factor))
        with torch.autocast(x.device.type, enabled=False):
            y_hat, likelihoods, losses = code(y.float())
        return CodecOutput(self.g_s(y_hat)[..., :H, :W], likelihoods, losses, y, y_hat)

    def from_latents(
        self, y: Tensor, *, z_hat: Tensor, size: tuple[int, int], quantiser: Quantiser
    ) -> CodecOutput:
        """Code and reconstruct y (B, M, h, w) given ``z_hat``; autocast is as the caller has set it."""
        H, W = size
        y_hat, likelihoods, losses = self.latent_model.code_given(y, z_hat, quantiser)
        return CodecOutput(self.g_s(y_hat)[..., :H, :W], likelihoods, losses, y, y_hat)

    @torch.no_grad()
    def rounded_likelihoods(self, y: Tensor) -> tuple[Tensor, ...]:
        """Likelihoods of y as it would be coded, rounded, whatever stands in for rounding in training."""
        was_training = self.latent_model.training
        self.latent_model.eval()
        try:
            with torch.autocast(y.device.type, enabled=False):
                return self.latent_model(y.detach().float()).likelihoods  # type: ignore[no-any-return]
        finally:
            self.latent_model.train(was_training)

    def latents(self, x: Tensor) -> Latents:
        """The latents of ``x`` (B, 3, H, W) before quantisation, padded to whole latents."""
        return self.latents_with(x, self.latent_model.latents)

    def latents_with(self, x: Tensor, describe: Callable[[Tensor], Latents]) -> Latents:
        """``latents`` with something about the latent model."""
        check_image(x)
        y = self.g_a(pad_to(x, self.downsampling_factor)).float()
        with torch.autocast(x.device.type, enabled=False):
            return describe(y)

    def freeze(self) -> FrozenTransformCodec:
        """Copy the transforms and make the latent model exact; this codec is not changed."""
        g_a, g_s = frozen_copy(self.g_a), frozen_copy(self.g_s)
        return FrozenTransformCodec(self.architecture, g_a, g_s, self.latent_model.freeze())

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenTransformCodec:
        """Build the frozen codec from the ``tensors`` of a codec file."""
        g_a, g_s = loaded_copy(self.g_a, "g_a", tensors), loaded_copy(self.g_s, "g_s", tensors)
        return FrozenTransformCodec(self.architecture, g_a, g_s, self.latent_model.restore(tensors))
