"""A second latent z tells the mean and the scale of every element of y.

Minnen, Ballé, Toderici, "Joint autoregressive and hierarchical priors for learned image compression", NeurIPS
2018, without the autoregressive part. https://arxiv.org/abs/1809.02736
"""

from collections.abc import Mapping

from torch import Tensor

from litcodec.codecs.base import (
    Codec,
    CodedLatents,
    GDNForm,
    Latents,
    coded_between,
    latents_between,
    quantiser_or_default,
)
from litcodec.codecs.frozen import Architecture, FrozenCodec
from litcodec.codecs.gaussian_coder import GaussianCoder
from litcodec.codecs.hyperprior_parts import MeanScaleTransforms, frozen_hyperprior, restored_hyperprior
from litcodec.codecs.initial import initialise
from litcodec.entropy import FactorizedDensity, Quantiser, gaussian_likelihood
from litcodec.ops import round_about
from litcodec.types import CodecOutput


class MeanScaleHyperprior(Codec):
    """A Gaussian for every y, its mean and scale from the side information z.

    ::

        x -> g_a -> y --+--------> quantise -> y_hat -> g_s -> x_hat
                        |              ^
                        |              | means_hat, scales_hat
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
        self.architecture = Architecture("MeanScaleHyperprior", {"N": N, "M": M, "gdn": gdn})
        self.g_a, self.g_s, self.h_a, self.h_s = MeanScaleTransforms.of_sizes(N=N, M=M, gdn=gdn)
        initialise(self.g_a, self.g_s, self.h_a, self.h_s)
        self.density = FactorizedDensity(N)
        self.quantiser = quantiser_or_default(quantiser)

    def forward(self, x: Tensor) -> CodecOutput:
        """See ``Codec.forward``."""
        return coded_between(self, x, self.code_latents)

    def code_latents(self, y: Tensor) -> CodedLatents:
        """See ``Transforms``."""
        z = self.quantiser(self.h_a(y), self.density.medians())
        means_hat, scales_hat = self._entropy_parameters(z.for_decoder)
        quantised = self.quantiser(y, means_hat)
        y_likelihoods = gaussian_likelihood(quantised.for_rate - means_hat, scales_hat)
        z_likelihoods = self.density(z.for_rate)
        return CodedLatents(quantised.for_decoder, (y_likelihoods, z_likelihoods))

    def latents(self, x: Tensor) -> Latents:
        """See ``Codec.latents``."""
        return latents_between(self, x, self.latents_of)

    def latents_of(self, y: Tensor) -> Latents:
        """See ``Transforms``."""
        z = self.h_a(y)
        return Latents(y, z, *self._entropy_parameters(round_about(z, self.density.medians())))

    def _entropy_parameters(self, z_hat: Tensor) -> tuple[Tensor, Tensor]:
        scales_hat, means_hat = self.h_s(z_hat).chunk(2, dim=1)
        return means_hat, scales_hat

    def freeze(self) -> FrozenCodec:
        """See ``Codec.freeze``."""
        return frozen_hyperprior(self, GaussianCoder.new(predicts_means=True))

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenCodec:
        """See ``Codec.restore``."""
        y_coder = GaussianCoder.from_tensors("y", tensors, predicts_means=True)
        return restored_hyperprior(self, y_coder, tensors)
