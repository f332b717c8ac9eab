"""A codec and a network that enhances what it decodes, trained as one.

Lee, Cho, Kim, "An end-to-end joint learning scheme of image compression and quality enhancement with improved
entropy minimization", 2019. https://arxiv.org/abs/1912.12817
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from litcodec.codecs.base import Codec, TransformCodec
from litcodec.entropy import FactorizedDensity
from litcodec.errors import ShapeError
from litcodec.frozen import FrozenHybrid, FrozenTransformCodec, Resolution
from litcodec.frozen.padding import check_image
from litcodec.latent_coding.frozen_net import frozen_copy, loaded_copy, part_of
from litcodec.latent_models import Latents
from litcodec.transforms import GRDN, double, halve
from litcodec.types import CodecOutput

Part = Literal["inner", "enhancer", "all"]


class HybridCodec(Codec):
    """``x -> [halve] -> inner codec -> enhancer [doubles] -> x_hat``; the loss sees only ``x_hat``.

    With ``scale=1`` the enhancer sharpens what the inner codec decoded. With ``scale=2`` the inner one codes
    the means of 2x2 pixels and the enhancer doubles the sides again: for low rates, where a pixel is worth
    less than its bits.

    Args:
        inner: any codec of transforms and a latent model: no hybrid, no ``VariableRate``.
        enhancer: of the same scale.
        scale: 1 or 2.
        native: with ``scale=2``, the inner codec learns to code images at their own size too, and the
            frozen codec takes, image by image, whichever size is better in ``R + lmbda * D``.

    Raises:
        ShapeError: if these do not fit together.
    """

    def __init__(
        self, inner: TransformCodec, enhancer: GRDN, *, scale: int = 1, native: bool = False
    ) -> None:
        super().__init__()
        if scale not in (1, 2):
            raise ShapeError(f"scale is 1 or 2; got {scale}.")
        if enhancer.scale != scale:
            raise ShapeError(
                f"the enhancer's scale is {enhancer.scale}, the codec's {scale}; use one for both."
            )
        if native and scale == 1:
            raise ShapeError("native=True chooses between two resolutions, but scale is 1; use scale 2.")
        if not isinstance(inner, TransformCodec):
            raise ShapeError(
                f"the inner codec is a {type(inner).__name__} itself; use the codec inside of it."
            )
        self.inner, self.enhancer, self.scale, self.native = inner, enhancer, scale, native

    has_stages = True

    @property
    def chooses_resolution(self) -> bool:  # type: ignore[override]
        """Whether the encoder may code images at half size or at their own: as ``native`` says."""
        return self.native

    @property
    def density(self) -> FactorizedDensity | None:
        """The learned density of the inner codec's outermost latent, if it has one."""
        return self.inner.density

    @property
    def downsampling_factor(self) -> int:
        """That of the inner codec times ``scale``: H and W are padded to multiples of it."""
        return self.inner.downsampling_factor * self.scale

    def forward(self, x: Tensor, part: Part = "all") -> CodecOutput:
        """Code, reconstruct, enhance.

        Args:
            x: (B, 3, H, W) in [0, 1], any H, W >= 1.
            part: what is trained. "all": everything. "enhancer": the inner codec only works, with the rounded
                latents that a decoder will have and without gradients. "inner": the enhancer is left out;
                bicubic interpolation stands in for it where it doubles the image.

        Returns:
            ``x_hat`` shaped like ``x``, and the likelihoods of all latents: bits per pixel of the true H and
            W, as of any codec. While a ``native`` one trains ("inner" or "all", B >= 2), the first B // 2
            images are coded at their own size by the inner codec alone; their likelihoods come first.

        Raises:
            ShapeError: if ``x`` is not (B, 3, H, W).
        """
        check_image(x)
        alone = len(x) // 2 if self.native and self.training and part != "enhancer" else 0
        if alone == 0:
            return self._at_scale(x, part)
        native, scaled = self.inner(x[:alone]), self._at_scale(x[alone:], part)
        return CodecOutput(
            torch.cat([native.x_hat.float(), scaled.x_hat.float()]),
            native.likelihoods + scaled.likelihoods,
            native.losses + scaled.losses,
        )

    def code_small(self, x: Tensor) -> Tensor:
        """What the inner codec codes: ``x`` itself, or the means of its 2x2 pixels, (B, 3, h, w)."""
        check_image(x)
        return x if self.scale == 1 else halve(x)

    def latents(self, x: Tensor) -> Latents:
        """The inner codec's latents of ``code_small(x)``, for ``x`` (B, 3, H, W)."""
        return self.inner.latents(self.code_small(x))

    def latent_source(self, x: Tensor, resolution: Resolution | None = None) -> tuple[Codec, Tensor]:
        """The inner codec and the image that it codes: ``x`` if "native", else ``code_small(x)``."""
        return self.inner, x if resolution == "native" else self.code_small(x)

    def _at_scale(self, x: Tensor, part: Part) -> CodecOutput:
        """``forward`` without images at their own size where the inner codec codes smaller ones."""
        small = self.code_small(x)
        output: CodecOutput = (
            self._coded_without_gradients(small) if part == "enhancer" else self.inner(small)
        )
        coded = output.x_hat
        if part != "inner":
            coded = self.enhancer(coded)
        elif self.scale == 2:
            coded = double(coded)
        return output._replace(x_hat=coded[..., : x.shape[2], : x.shape[3]])

    @torch.no_grad()
    def _coded_without_gradients(self, small: Tensor) -> CodecOutput:
        training = self.inner.training
        self.inner.eval()
        try:
            output: CodecOutput = self.inner(small)
        finally:
            self.inner.train(training)
        return output

    def freeze(self) -> FrozenHybrid:
        """Freeze the inner codec and copy the enhancer; this codec is not changed."""
        return self._frozen(self.inner.freeze(), frozen_copy(self.enhancer))

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenHybrid:
        """Build the frozen hybrid from the ``tensors`` of a codec file."""
        inner = self.inner.restore(part_of(tensors, "inner"))
        return self._frozen(inner, loaded_copy(self.enhancer, "enhancer", tensors))

    def _frozen(self, inner: FrozenTransformCodec, enhancer: GRDN) -> FrozenHybrid:
        return FrozenHybrid(self.architecture, inner, enhancer, native=self.native)
