"""A codec and a network that enhances what it decodes, trained as one.

Lee, Cho, Kim, "An end-to-end joint learning scheme of image compression and quality enhancement with improved
entropy minimization", 2019. https://arxiv.org/abs/1912.12817
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from litcodec.codecs.base import Codec, Latents, Transforms
from litcodec.codecs.frozen import Architecture, Arguments, FrozenCodec, frozen_copy, loaded_copy, part_of
from litcodec.codecs.frozen_hybrid import FrozenHybrid
from litcodec.codecs.frozen_transforms import FrozenTransforms
from litcodec.codecs.padding import check_image
from litcodec.entropy import FactorizedDensity, Quantiser
from litcodec.errors import ShapeError
from litcodec.transforms import GRDN, double, halve
from litcodec.types import CodecOutput

Part = Literal["inner", "enhancer", "all"]


class HybridCodec(Codec):
    """``x -> [halve] -> inner codec -> enhancer [doubles] -> x_hat``; the loss sees only ``x_hat``.

    With ``scale=1`` the enhancer sharpens what the inner codec decoded. With ``scale=2`` the inner one codes
    the means of 2x2 pixels and the enhancer doubles the sides again: for low rates, where a pixel is worth
    less than its bits.

    Args:
        inner: any codec with transforms: no hybrid, no ``VariableRate``.
        enhancer: of the same scale.
        scale: 1 or 2.
        native: with ``scale=2``, the inner codec learns to code pictures at their own size too, and the
            frozen codec takes, image by image, whichever size is better in ``R + lmbda * D``.

    Raises:
        ShapeError: if these do not fit together.
    """

    def __init__(self, inner: Codec, enhancer: GRDN, *, scale: int = 1, native: bool = False) -> None:
        super().__init__()
        if scale not in (1, 2):
            raise ShapeError(f"scale is 1 or 2; got {scale}.")
        if enhancer.scale != scale:
            raise ShapeError(
                f"the enhancer's scale is {enhancer.scale}, the codec's {scale}; use one for both."
            )
        if native and scale == 1:
            raise ShapeError("native=True chooses between two resolutions, but scale is 1; use scale 2.")
        if not isinstance(inner, Transforms):
            raise ShapeError(
                f"the inner codec is a {type(inner).__name__} itself; use the codec inside of it."
            )
        self.inner, self.enhancer, self.scale, self.native = inner, enhancer, scale, native
        self.downsampling_factor = inner.downsampling_factor * scale
        about: Arguments = {
            "inner": {"codec": inner.architecture.name, "init_args": inner.architecture.init_args},
            "enhancer": dict(enhancer.sizes),
            "scale": scale,
            "native": native,
        }
        self.architecture = Architecture("HybridCodec", about)

    @property
    def density(self) -> FactorizedDensity:  # type: ignore[override]
        """The inner codec's."""
        return self.inner.density

    @property
    def quantiser(self) -> Quantiser:  # type: ignore[override]
        """The inner codec's."""
        return self.inner.quantiser

    def forward(self, x: Tensor, part: Part = "all") -> CodecOutput:
        """Code, reconstruct, enhance.

        Args:
            x: (B, 3, H, W) in [0, 1], any H, W >= 1.
            part: what is trained. "all": everything. "enhancer": the inner codec only works, with the rounded
                latents that a decoder will have and without gradients. "inner": the enhancer is left out;
                bicubic interpolation stands in for it where it doubles the picture.

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
            torch.cat([native.x_hat.float(), scaled.x_hat.float()]), native.likelihoods + scaled.likelihoods
        )

    def code_small(self, x: Tensor) -> Tensor:
        """What the inner codec codes: ``x`` itself, or the means of its 2x2 pixels, (B, 3, h, w)."""
        check_image(x)
        return x if self.scale == 1 else halve(x)

    def latents(self, x: Tensor) -> Latents:
        """See ``Codec.latents``; those of ``code_small(x)``."""
        return self.inner.latents(self.code_small(x))

    def _at_scale(self, x: Tensor, part: Part) -> CodecOutput:
        """``forward`` without images at their own size where the inner codec codes smaller ones."""
        small = self.code_small(x)
        coded, likelihoods = self._coded_without_gradients(small) if part == "enhancer" else self.inner(small)
        if part != "inner":
            coded = self.enhancer(coded)
        elif self.scale == 2:
            coded = double(coded)
        return CodecOutput(coded[..., : x.shape[2], : x.shape[3]], likelihoods)

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
        """See ``Codec.freeze``."""
        return self._frozen(self.inner.freeze(), frozen_copy(self.enhancer))

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenHybrid:
        """See ``Codec.restore``."""
        inner = self.inner.restore(part_of(tensors, "inner"))
        return self._frozen(inner, loaded_copy(self.enhancer, "enhancer", tensors))

    def _frozen(self, inner: FrozenCodec, enhancer: GRDN) -> FrozenHybrid:
        assert isinstance(inner, FrozenTransforms)  # as of every codec with transforms
        return FrozenHybrid(self.architecture, inner, enhancer, native=self.native)
