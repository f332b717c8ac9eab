"""One latent, one learned density per channel, no side information.

Ballé, Laparra, Simoncelli, "End-to-end optimized image compression", ICLR 2017.
https://arxiv.org/abs/1611.01704
"""

from collections.abc import Mapping
from typing import Literal

from torch import Tensor

from litcodec.codecs.base import (
    Codec,
    CodedLatents,
    GDNForm,
    Latents,
    coded_between,
    frozen_with,
    gdn_layer,
    latents_between,
    quantiser_or_default,
    restored_with,
)
from litcodec.codecs.factorized_coder import FactorizedLatentCoder
from litcodec.codecs.frozen import Architecture, FrozenCodec
from litcodec.codecs.initial import initialise
from litcodec.entropy import FactorizedDensity, Quantiser
from litcodec.transforms import analysis, analysis_9x9, synthesis, synthesis_9x9
from litcodec.types import CodecOutput

TransformForm = Literal["4x5x5", "9x9"]


class FactorizedPrior(Codec):
    """``x -> g_a -> y -> quantise -> y_hat -> g_s -> x_hat``.

    Args:
        N: width of the transforms.
        M: channels of the latent.
        transform: "4x5x5" is the widely used 4x(5x5/2) form, "9x9" the paper's 9x9/4, 5x5/2, 5x5/2.
        gdn: "exact" or "simplified" normalisation.
        quantiser: the training stand-in for rounding; mixed if not given.
    """

    downsampling_factor = 16

    def __init__(
        self,
        *,
        N: int = 128,
        M: int = 192,
        transform: TransformForm = "4x5x5",
        gdn: GDNForm = "exact",
        quantiser: Quantiser | None = None,
    ) -> None:
        super().__init__()
        self.architecture = Architecture(
            "FactorizedPrior", {"N": N, "M": M, "transform": transform, "gdn": gdn}
        )
        pairs = {"4x5x5": (analysis, synthesis), "9x9": (analysis_9x9, synthesis_9x9)}
        make_g_a, make_g_s = pairs[transform]
        self.g_a = make_g_a(N=N, M=M, gdn=gdn_layer(gdn))
        self.g_s = make_g_s(N=N, M=M, gdn=gdn_layer(gdn))
        initialise(self.g_a, self.g_s)
        self.density = FactorizedDensity(M)
        self.quantiser = quantiser_or_default(quantiser)

    def forward(self, x: Tensor) -> CodecOutput:
        """See ``Codec.forward``."""
        return coded_between(self, x, self.code_latents)

    def code_latents(self, y: Tensor) -> CodedLatents:
        """See ``Transforms``."""
        quantised = self.quantiser(y, self.density.medians())
        likelihoods = self.density(quantised.for_rate)
        return CodedLatents(quantised.for_decoder, (likelihoods,))

    def latents(self, x: Tensor) -> Latents:
        """See ``Codec.latents``."""
        return latents_between(self, x, self.latents_of)

    def latents_of(self, y: Tensor) -> Latents:
        """See ``Transforms``."""
        return Latents(y)

    def freeze(self) -> FrozenCodec:
        """See ``Codec.freeze``."""
        return frozen_with(self, FactorizedLatentCoder.from_density(self.density))

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenCodec:
        """See ``Codec.restore``."""
        coder = FactorizedLatentCoder.from_tensors("y", tensors, channels=self.density.channels)
        return restored_with(self, coder, tensors)
