"""A generator of patches, and an encoder that inverts it.

Santurkar, Budden, Shavit, "Generative compression", PCS 2018. https://arxiv.org/abs/1703.01467
"""

import math

import torch
from torch import Tensor

from litcodec.codecs.base import TransformCodec
from litcodec.latent_models import CentresModel, CodedLatents
from litcodec.layers import check_width
from litcodec.transforms import OfPatches, ToPatches, initialise, let_brightness_through
from litcodec.types import CodecOutput


class PatchGenerator(TransformCodec):
    """M codes for each patch of 64x64 pixels, from which DCGAN's generator makes it. For a narrow domain.

    ::

        x -> 64x64 patches -> g_a -> y -> nearest centre -> y_hat -> g_s -> patches -> x_hat

    Two trainings: first ``sampled``, of g_s against a discriminator, as the generator of patches from random
    codes; then of g_a, which inverts the generator. Normalisation is over channels instead of the paper's
    over a batch, so that a patch decodes to the same pixels in any company.

    Args:
        N: narrowest width of the transforms; the widest is 8 N.
        M: codes of a patch.
        centres: how many values a code takes, an odd number; 15 fit into 4 bits of fixed length.
        sampled: whether ``forward`` decodes random codes in training; no distortion counts then.

    Raises:
        ShapeError: if N or M is not a width, or ``centres`` is even, below 3 or above 255.
    """

    training_arguments = TransformCodec.training_arguments | {"sampled"}

    def __init__(self, *, N: int = 64, M: int = 64, centres: int = 15, sampled: bool = False) -> None:
        check_width(N, M)
        g_a, g_s = OfPatches(N=N, M=M), ToPatches(N=N, M=M)
        initialise(g_a, g_s)
        let_brightness_through(g_a, g_s)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=CentresModel(M, centres=centres))
        self.sampled = sampled

    @property
    def fixed_length(self) -> int:
        """Bits of a code without entropy coding."""
        assert isinstance(self.latent_model, CentresModel)
        return math.ceil(math.log2(2 * self.latent_model.radius + 1))

    def forward(self, x: Tensor) -> CodecOutput:
        """Reconstruct ``x`` (B, 3, H, W); in training with ``sampled`` generate from random codes instead."""
        if not (self.sampled and self.training):
            return super().forward(x)
        output = self.forward_with(x, self._random_codes)
        return output._replace(preserved=torch.zeros_like(x[:, :1], dtype=torch.bool))

    def _random_codes(self, y: Tensor) -> CodedLatents:
        assert isinstance(self.latent_model, CentresModel)
        radius = self.latent_model.radius
        y_hat = torch.randint(-radius, radius + 1, y.shape, device=y.device).to(y.dtype)
        return CodedLatents(y_hat, (self.latent_model.density(y_hat),))
