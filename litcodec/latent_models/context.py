"""A Gaussian for every y, from the hyper-parameters and from the y that are decoded before it.

Causal context: Minnen, Ballé, Toderici, "Joint autoregressive and hierarchical priors for learned image
compression", NeurIPS 2018, https://arxiv.org/abs/1809.02736. Checkerboard: He, Zheng, Sun, Wang, Qin,
"Checkerboard context model for efficient learned image compression", CVPR 2021,
https://arxiv.org/abs/2103.15306.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from litcodec.entropy import Quantised, Quantiser, gaussian_likelihood
from litcodec.latent_coding import (
    ContextCoder,
    ContextNets,
    KnownValues,
    by_position,
    coding_order_of,
)
from litcodec.latent_coding.frozen_net import frozen_copy
from litcodec.latent_models.base import CodedGiven, ConditionalModel, Latents
from litcodec.layers import MaskedConv2d
from litcodec.ops import lower_bound, round_about

LOG_SCALES = (-3.0, 6.0)  # beyond these, of 0.05 and 403, tables do not differ


class ContextModel(ConditionalModel):
    """Means and scales from a masked convolution over y_hat and 1x1 convolutions.

    In use every y is rounded about its mean, which depends on the rounded y before it: one step of the coding
    order after the other, see ``coding_order.py``. In training all are seen at once, and the context is of y
    with what the quantiser puts in the place of rounding about 0, because the means are not yet known.

    Args:
        context_prediction: y_hat (B, M, h, w) -> (B, C', h, w), from positions before (``CausalConv2d``) or
            of the other colour (``CheckerboardConv2d``).
        entropy_parameters: 1x1 convolutions and (leaky) ReLUs: hyper-parameters and context, concatenated ->
            scales and means (B, 2M, h, w).
        residual: what entropy_parameters outputs is added to the hyper-parameters, which are scales and means
            themselves.
        log_scales: scales are predicted as their natural logarithms.

    Raises:
        FreezeError: if no coding order decodes such a context.
    """

    def __init__(
        self,
        context_prediction: MaskedConv2d,
        entropy_parameters: nn.Sequential,
        *,
        residual: bool = False,
        log_scales: bool = False,
    ) -> None:
        super().__init__()
        self.context_prediction, self.entropy_parameters = context_prediction, entropy_parameters
        self.residual, self.log_scales = residual, log_scales
        self._order = coding_order_of(context_prediction.offsets())

    def forward(self, y: Tensor, hyper_params: Tensor, quantiser: Quantiser) -> CodedGiven:
        """Quantise ``y`` (B, M, h, w) and score it given ``hyper_params`` (B, C, h, w)."""
        if self.training:
            seen = quantiser(y, y.new_zeros(())).for_rate
            scales_hat, means_hat = self._gaussians(hyper_params, seen)
            quantised = quantiser(y, means_hat)
        else:
            y_hat = self._round_in_order(y, hyper_params)
            scales_hat, means_hat = self._gaussians(hyper_params, y_hat)
            quantised = Quantised(y_hat, y_hat)
        likelihoods = gaussian_likelihood(quantised.for_rate - means_hat, scales_hat)
        return CodedGiven(quantised.for_decoder, likelihoods)

    def latents(self, y: Tensor, hyper_params: Tensor) -> Latents:
        """``y`` (B, M, h, w) with all that is predicted for it, as in eval mode."""
        scales_hat, means_hat = self._gaussians(hyper_params, self._round_in_order(y, hyper_params))
        return Latents(y, None, means_hat, scales_hat)

    def freeze(self) -> ContextCoder:
        """The exact coder of this model; raises ``FreezeError`` if weights are not finite."""
        return ContextCoder.from_float(
            frozen_context_nets(self.context_prediction, self.entropy_parameters, residual=self.residual),
            log_scales=self.log_scales,
        )

    def restore(self, tensors: Mapping[str, Tensor]) -> ContextCoder:
        """The coder whose tensors were read from a file; raises ``FreezeError`` if they do not fit."""
        nets = context_nets(self.context_prediction, self.entropy_parameters, residual=self.residual)
        return ContextCoder.from_tensors(nets, tensors, log_scales=self.log_scales)

    def _gaussians(self, hyper_params: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Scales and means, given y as the context sees it, in one pass."""
        if self._order.visible is not None:
            seen = seen * self._order.visible(seen)
        return self._scales_and_means(hyper_params, self.context_prediction(seen))

    def _scales_and_means(self, hyper_params: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        parameters = self.entropy_parameters(torch.cat([hyper_params, context], dim=1))
        if self.residual:
            parameters = hyper_params + parameters
        scales_hat, means_hat = parameters.chunk(2, dim=1)
        if self.log_scales:
            low, high = LOG_SCALES
            scales_hat = lower_bound(scales_hat, low).clamp(max=high).exp()
        return scales_hat, means_hat

    @torch.no_grad()
    def _round_in_order(self, y: Tensor, hyper_params: Tensor) -> Tensor:
        """``y`` rounded about its means, in floats; what ``ContextCoder`` does in integers."""
        context = self.context_prediction.pointwise()
        hyper, values = by_position(hyper_params), by_position(y)
        known = KnownValues(y.shape, self.context_prediction.offsets(), device=y.device)
        for positions in self._order.steps(y):
            seen = context(known.context(positions)[:, :, None, None])
            _, means = self._scales_and_means(hyper[positions][:, :, None, None], seen)
            known.put(positions, round_about(values[positions], means[:, :, 0, 0]))
        return known.all()


def context_nets(
    context_prediction: MaskedConv2d, entropy_parameters: nn.Sequential, *, residual: bool = False
) -> ContextNets:
    """The networks of a context model position by position."""
    context = nn.Sequential(context_prediction.pointwise())
    return ContextNets(context, entropy_parameters, context_prediction.offsets(), residual)


def frozen_context_nets(
    context_prediction: MaskedConv2d, entropy_parameters: nn.Sequential, *, residual: bool = False
) -> ContextNets:
    """``context_nets``, a copy that training does not change.

    Raises:
        FreezeError: if a weight is not finite, even one behind the mask.
    """
    frozen_copy(nn.Sequential(context_prediction))
    return context_nets(context_prediction, frozen_copy(entropy_parameters), residual=residual)
