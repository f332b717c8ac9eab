"""A mixture of Gaussians for every element of y, from side information z and from the latents before.

Cheng, Sun, Takeuchi, Katto, "Learned image compression with discretized Gaussian mixture likelihoods and
attention modules", CVPR 2020, https://arxiv.org/abs/2001.01568, with the transforms and the context model of
Minnen, Ballé, Toderici, NeurIPS 2018, https://arxiv.org/abs/1809.02736.
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
    latents_between,
    quantiser_or_default,
)
from litcodec.codecs.frozen import Architecture, FrozenCodec
from litcodec.codecs.hyperprior_parts import (
    MeanScaleTransforms,
    context_nets,
    frozen_context,
    frozen_hyperprior,
    restored_hyperprior,
)
from litcodec.codecs.initial import initialise
from litcodec.codecs.mixture_coder import MixtureCoder
from litcodec.coding import COMPONENTS_MAX
from litcodec.entropy import FactorizedDensity, Mixture, Quantiser, mixture_likelihood
from litcodec.errors import ShapeError
from litcodec.layers import CausalConv2d
from litcodec.ops import round_about
from litcodec.transforms import entropy_parameters
from litcodec.types import CodecOutput


class MixtureAutoregressive(Codec):
    """K Gaussians for every y, told by the side information z and by the y before it.

    ::

        x -> g_a -> y --+-----> quantise -> y_hat --+--> g_s -> x_hat
                        |                           v
                        |                   context_prediction
                        |                           |
                        |                           v
                        |      mixture <--- entropy_parameters
                        |                           ^
                        +-> h_a -> z -> quantise -> z_hat -> h_s

    A mixture has no one mean to round about: y is rounded to integers. So all of y_hat is known before any
    mixture is, training sees the context that a decoder will, and encoding takes one pass; only decoding
    takes one wavefront after the other, see ``wavefront.py``.

    Args:
        N: width of the transforms and channels of z.
        M: channels of y.
        K: components of a mixture, 1 to 16.
        gdn: "exact" or "simplified" normalisation.
        quantiser: the training stand-in for rounding; mixed if not given.

    Raises:
        ShapeError: if there cannot be ``K`` components.
    """

    downsampling_factor = 64

    def __init__(
        self,
        *,
        N: int = 192,
        M: int = 192,
        K: int = 3,
        gdn: GDNForm = "exact",
        quantiser: Quantiser | None = None,
    ) -> None:
        super().__init__()
        if not 1 <= K <= COMPONENTS_MAX:
            raise ShapeError(f"a mixture has 1..{COMPONENTS_MAX} components; got K={K}.")
        self.architecture = Architecture("MixtureAutoregressive", {"N": N, "M": M, "K": K, "gdn": gdn})
        self.g_a, self.g_s, self.h_a, self.h_s = MeanScaleTransforms.of_sizes(N=N, M=M, gdn=gdn)
        self.context_prediction = CausalConv2d(M, 2 * M)
        self.entropy_parameters = entropy_parameters(M=M, per_channel=3 * K)
        initialise(self.g_a, self.g_s, self.h_a, self.h_s, self.entropy_parameters)
        self.density = FactorizedDensity(N)
        self.quantiser = quantiser_or_default(quantiser)

    def forward(self, x: Tensor) -> CodecOutput:
        """See ``Codec.forward``."""
        return coded_between(self, x, self.code_latents)

    def code_latents(self, y: Tensor) -> CodedLatents:
        """See ``Transforms``."""
        z = self.quantiser(self.h_a(y), self.density.medians())
        quantised = self.quantiser(y, y.new_zeros(()))
        mixture = self._mixture(self.h_s(z.for_decoder), quantised.for_decoder)
        y_likelihoods = mixture_likelihood(quantised.for_rate, mixture)
        z_likelihoods = self.density(z.for_rate)
        return CodedLatents(quantised.for_decoder, (y_likelihoods, z_likelihoods))

    def latents(self, x: Tensor) -> Latents:
        """See ``Codec.latents``; means and scales are those of whole mixtures."""
        return latents_between(self, x, self.latents_of)

    def latents_of(self, y: Tensor) -> Latents:
        """See ``Transforms``; means and scales are those of whole mixtures."""
        z = self.h_a(y)
        mixture = self._mixture(self.h_s(round_about(z, self.density.medians())), y.round())
        return Latents(y, z, mixture.mean, mixture.scale, y.new_zeros(()))

    def _mixture(self, hyper: Tensor, seen: Tensor) -> Mixture:
        """Given what h_s tells and y as the context sees it, in one pass."""
        both = torch.cat([hyper, self.context_prediction(seen)], dim=1)
        B, M, h, w = seen.shape
        return Mixture(*self.entropy_parameters(both).reshape(B, 3, -1, M, h, w).unbind(1))

    def freeze(self) -> FrozenCodec:
        """See ``Codec.freeze``."""
        return frozen_hyperprior(self, MixtureCoder.from_float(frozen_context(self)))

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenCodec:
        """See ``Codec.restore``."""
        y_coder = MixtureCoder.from_tensors("y", context_nets(self), tensors)
        return restored_hyperprior(self, y_coder, tensors)
