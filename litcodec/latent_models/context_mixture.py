"""A mixture of Gaussians for every y, from the hyper-parameters and from the y that are decoded before it.

Cheng, Sun, Takeuchi, Katto, "Learned image compression with discretized Gaussian mixture likelihoods and
attention modules", CVPR 2020, https://arxiv.org/abs/2001.01568.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from litcodec.entropy import Mixture, Quantiser, mixture_likelihood
from litcodec.latent_coding import MixtureCoder
from litcodec.latent_models.base import CodedGiven, ConditionalModel, Latents
from litcodec.latent_models.context import context_nets, frozen_context_nets
from litcodec.layers import CausalConv2d


class ContextMixtureModel(ConditionalModel):
    """K Gaussians for every y.

    A mixture has no one mean to round about: y is rounded to integers. So all of y_hat is known before any
    mixture is, training sees the context that a decoder will, and encoding takes one pass; only decoding
    takes one wavefront after the other, see ``latent_coding/coding_order.py``.

    Args:
        context_prediction: y_hat (B, M, h, w) -> (B, C', h, w).
        entropy_parameters: 1x1 convolutions and (leaky) ReLUs: hyper-parameters and context, concatenated ->
            logits, means and scales of all components, (B, 3 * K * M, h, w).
    """

    def __init__(self, context_prediction: CausalConv2d, entropy_parameters: nn.Sequential) -> None:
        super().__init__()
        self.context_prediction, self.entropy_parameters = context_prediction, entropy_parameters

    def forward(self, y: Tensor, hyper_params: Tensor, quantiser: Quantiser) -> CodedGiven:
        """Quantise ``y`` (B, M, h, w) and score it given ``hyper_params`` (B, C, h, w)."""
        quantised = quantiser(y, y.new_zeros(()))
        mixture = self._mixture(hyper_params, quantised.for_decoder)
        return CodedGiven(quantised.for_decoder, mixture_likelihood(quantised.for_rate, mixture))

    def latents(self, y: Tensor, hyper_params: Tensor) -> Latents:
        """``y`` with the means and standard deviations of whole mixtures, (B, M, h, w) each."""
        mixture = self._mixture(hyper_params, y.round())
        return Latents(y, None, mixture.mean, mixture.scale, y.new_zeros(()))

    def freeze(self) -> MixtureCoder:
        """The exact coder of this model; raises ``FreezeError`` if weights are not finite."""
        return MixtureCoder.from_float(frozen_context_nets(self.context_prediction, self.entropy_parameters))

    def restore(self, tensors: Mapping[str, Tensor]) -> MixtureCoder:
        """The coder whose tensors were read from a file; raises ``FreezeError`` if they do not fit."""
        nets = context_nets(self.context_prediction, self.entropy_parameters)
        return MixtureCoder.from_tensors(nets, tensors)

    def _mixture(self, hyper_params: Tensor, seen: Tensor) -> Mixture:
        """Given y as the context sees it, in one pass."""
        both = torch.cat([hyper_params, self.context_prediction(seen)], dim=1)
        B, M, h, w = seen.shape
        return Mixture(*self.entropy_parameters(both).reshape(B, 3, -1, M, h, w).unbind(1))
