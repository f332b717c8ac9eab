"""A second latent z tells the scale of every element of y.

Ballé, Minnen, Singh, Hwang, Johnston, "Variational image compression with a scale hyperprior", ICLR 2018.
https://arxiv.org/abs/1802.01436
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from litcodec.codecs.base import (
    Codec,
    CodedLatents,
    GDNForm,
    Latents,
    coded_between,
    gdn_layer,
    latents_between,
    quantiser_or_default,
)
from litcodec.codecs.frozen import Architecture, FrozenCodec
from litcodec.codecs.gaussian_coder import GaussianCoder
from litcodec.codecs.hyperprior_parts import frozen_hyperprior, restored_hyperprior
from litcodec.codecs.initial import initialise
from litcodec.entropy import FactorizedDensity, Quantiser, gaussian_likelihood
from litcodec.ops import round_about
from litcodec.transforms import analysis, hyper_analysis, hyper_synthesis, synthesis
from litcodec.types import CodecOutput


class ScaleHyperprior(Codec):
    """A zero-mean Gaussian for every y, its scale from the side information z.

    ::

        x -> g_a -> y --+--------> quantise -> y_hat -> g_s -> x_hat
                        |              ^
                       |.|             | scales_hat
                        +-> h_a -> z -> quantise -> z_hat -> h_s

    Args:
        N: width of the transforms and channels of z.
        M: channels of y.
        gdn: "exact" or "simplified" normalisation.
        quantiser: the training stand-in for rounding; mixed if not given.
    """

    downsampling_factor = 64

    def __init__(
        self, *, N: int = 128, M: int = 192, gdn: GDNForm = "exact", quantiser: Quantiser | None = None
    ) -> None:
        super().__init__()
        self.architecture = Architecture("ScaleHyperprior", {"N": N, "M": M, "gdn": gdn})
        self.g_a = analysis(N=N, M=M, gdn=gdn_layer(gdn))
        self.g_s = synthesis(N=N, M=M, gdn=gdn_layer(gdn))
        self.h_a = hyper_analysis(N=N, M=M)
        self.h_s = hyper_synthesis(N=N, M=M)
        initialise(self.g_a, self.g_s, self.h_a, self.h_s)
        self.density = FactorizedDensity(N)
        self.quantiser = quantiser_or_default(quantiser)

    def forward(self, x: Tensor) -> CodecOutput:
        """See ``Codec.forward``."""
        return coded_between(self, x, self.code_latents)

    def code_latents(self, y: Tensor) -> CodedLatents:
        """See ``Transforms``."""
        z = self.quantiser(self.h_a(y.abs()), self.density.medians())
        scales_hat = self.h_s(z.for_decoder)
        quantised = self.quantiser(y, y.new_zeros(()))
        y_likelihoods = gaussian_likelihood(quantised.for_rate, scales_hat)
        z_likelihoods = self.density(z.for_rate)
        return CodedLatents(quantised.for_decoder, (y_likelihoods, z_likelihoods))

    def latents(self, x: Tensor) -> Latents:
        """See ``Codec.latents``."""
        return latents_between(self, x, self.latents_of)

    def latents_of(self, y: Tensor) -> Latents:
        """See ``Transforms``."""
        z = self.h_a(y.abs())
        z_hat = round_about(z, self.density.medians())
        return Latents(y, z, torch.zeros_like(y), self.h_s(z_hat))

    def freeze(self) -> FrozenCodec:
        """See ``Codec.freeze``."""
        return frozen_hyperprior(self, GaussianCoder.new(predicts_means=False), of_magnitudes=True)

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenCodec:
        """See ``Codec.restore``."""
        y_coder = GaussianCoder.from_tensors("y", tensors, predicts_means=False)
        return restored_hyperprior(self, y_coder, tensors, of_magnitudes=True)
