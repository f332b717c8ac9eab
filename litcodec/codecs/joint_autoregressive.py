"""Side information z and the latents before tell the mean and the scale of every element of y.

Minnen, Ballé, Toderici, "Joint autoregressive and hierarchical priors for learned image compression", NeurIPS
2018. https://arxiv.org/abs/1809.02736
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
from litcodec.codecs.context_coder import ContextCoder
from litcodec.codecs.frozen import Architecture, FrozenCodec
from litcodec.codecs.hyperprior_parts import (
    MeanScaleTransforms,
    context_nets,
    frozen_context,
    frozen_hyperprior,
    restored_hyperprior,
)
from litcodec.codecs.initial import initialise
from litcodec.codecs.wavefront import KnownValues, by_place, wavefront
from litcodec.entropy import FactorizedDensity, Quantised, Quantiser, gaussian_likelihood
from litcodec.layers import CausalConv2d
from litcodec.ops import round_about
from litcodec.transforms import entropy_parameters
from litcodec.types import CodecOutput


class JointAutoregressive(Codec):
    """A Gaussian for every y, its mean and scale from the side information z and from the y before it.

    ::

        x -> g_a -> y --+-----> quantise -> y_hat --+--> g_s -> x_hat
                        |           ^               v
                        |           |      context_prediction
                        |           | means_hat,    |
                        |           | scales_hat    v
                        |           +----- entropy_parameters
                        |                           ^
                        +-> h_a -> z -> quantise -> z_hat -> h_s

    In use every y is rounded about its mean, which depends on the rounded y before it: one wavefront after
    the other, see ``wavefront.py``. In training all are seen at once, and the context is of y with what the
    quantiser puts in the place of rounding about 0, because the means are not yet known.

    Args:
        N: width of the transforms and channels of z.
        M: channels of y.
        gdn: "exact" or "simplified" normalisation.
        quantiser: the training stand-in for rounding; mixed if not given.
    """

    downsampling_factor = 64

    def __init__(
        self, *, N: int = 192, M: int = 192, gdn: GDNForm = "exact", quantiser: Quantiser | None = None
    ) -> None:
        super().__init__()
        self.architecture = Architecture("JointAutoregressive", {"N": N, "M": M, "gdn": gdn})
        self.g_a, self.g_s, self.h_a, self.h_s = MeanScaleTransforms.of_sizes(N=N, M=M, gdn=gdn)
        self.context_prediction = CausalConv2d(M, 2 * M)
        self.entropy_parameters = entropy_parameters(M=M)
        initialise(self.g_a, self.g_s, self.h_a, self.h_s, self.entropy_parameters)
        self.density = FactorizedDensity(N)
        self.quantiser = quantiser_or_default(quantiser)

    def forward(self, x: Tensor) -> CodecOutput:
        """See ``Codec.forward``."""
        return coded_between(self, x, self.code_latents)

    def code_latents(self, y: Tensor) -> CodedLatents:
        """See ``Transforms``."""
        z = self.quantiser(self.h_a(y), self.density.medians())
        hyper = self.h_s(z.for_decoder)
        if self.training:
            seen = self.quantiser(y, y.new_zeros(())).for_rate
            means_hat, scales_hat = self._entropy_parameters(hyper, seen)
            quantised = self.quantiser(y, means_hat)
        else:
            y_hat = self._round_in_order(y, hyper)
            means_hat, scales_hat = self._entropy_parameters(hyper, y_hat)
            quantised = Quantised(y_hat, y_hat)
        y_likelihoods = gaussian_likelihood(quantised.for_rate - means_hat, scales_hat)
        z_likelihoods = self.density(z.for_rate)
        return CodedLatents(quantised.for_decoder, (y_likelihoods, z_likelihoods))

    def latents(self, x: Tensor) -> Latents:
        """See ``Codec.latents``."""
        return latents_between(self, x, self.latents_of)

    def latents_of(self, y: Tensor) -> Latents:
        """See ``Transforms``."""
        z = self.h_a(y)
        hyper = self.h_s(round_about(z, self.density.medians()))
        return Latents(y, z, *self._entropy_parameters(hyper, self._round_in_order(y, hyper)))

    def _entropy_parameters(self, hyper: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Means and scales, given what h_s tells and y as the context sees it, in one pass."""
        both = torch.cat([hyper, self.context_prediction(seen)], dim=1)
        scales_hat, means_hat = self.entropy_parameters(both).chunk(2, dim=1)
        return means_hat, scales_hat

    @torch.no_grad()
    def _round_in_order(self, y: Tensor, hyper: Tensor) -> Tensor:
        """``y`` rounded about its means, in floats; what ``ContextCoder`` does in integers."""
        context = self.context_prediction.pointwise()
        told, values = by_place(hyper), by_place(y)
        known = KnownValues(y.shape, self.context_prediction.offsets(), device=y.device)
        for places in wavefront(y):
            seen = context(known.context(places)[:, :, None, None])
            both = torch.cat([told[places][:, :, None, None], seen], dim=1)
            _, means = self.entropy_parameters(both)[:, :, 0, 0].chunk(2, dim=1)
            known.put(places, round_about(values[places], means))
        return known.all()

    def freeze(self) -> FrozenCodec:
        """See ``Codec.freeze``."""
        return frozen_hyperprior(self, ContextCoder.from_float(frozen_context(self)))

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenCodec:
        """See ``Codec.restore``."""
        y_coder = ContextCoder.from_tensors("y", context_nets(self), tensors)
        return restored_hyperprior(self, y_coder, tensors)
