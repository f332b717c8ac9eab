"""A Gaussian for every y, given by the hyper-parameters.

Ballé et al., ICLR 2018, https://arxiv.org/abs/1802.01436 (scales); Minnen, Ballé, Toderici, NeurIPS 2018,
https://arxiv.org/abs/1809.02736 (means and scales).
"""

from collections.abc import Mapping

from torch import Tensor

from litcodec.entropy import Quantiser, gaussian_likelihood
from litcodec.latent_coding import GaussianCoder
from litcodec.latent_models.base import CodedGiven, ConditionalModel, Latents


class GaussianModel(ConditionalModel):
    """All of y at once.

    Args:
        predicts_means: whether hyper-parameters are scales and means, (B, 2M, h, w), or scales of zero-mean
            Gaussians, (B, M, h, w).
    """

    def __init__(self, *, predicts_means: bool) -> None:
        super().__init__()
        self.predicts_means = predicts_means

    def forward(self, y: Tensor, hyper_params: Tensor, quantiser: Quantiser) -> CodedGiven:
        """Quantise ``y`` (B, M, h, w) and score it given ``hyper_params`` (B, C, h, w)."""
        scales_hat, means_hat = self._gaussians(hyper_params)
        quantised = quantiser(y, means_hat)
        likelihoods = gaussian_likelihood(quantised.for_rate - means_hat, scales_hat)
        return CodedGiven(quantised.for_decoder, likelihoods)

    def latents(self, y: Tensor, hyper_params: Tensor) -> Latents:
        """``y`` (B, M, h, w) with all that is predicted for it, as in eval mode."""
        scales_hat, means_hat = self._gaussians(hyper_params)
        return Latents(y, None, means_hat.expand_as(y), scales_hat)

    def freeze(self) -> GaussianCoder:
        """The exact coder of this model; raises ``FreezeError`` if weights are not finite."""
        return GaussianCoder.new(predicts_means=self.predicts_means)

    def restore(self, tensors: Mapping[str, Tensor]) -> GaussianCoder:
        """The coder whose tensors were read from a file; raises ``FreezeError`` if they do not fit."""
        return GaussianCoder.from_tensors(tensors, predicts_means=self.predicts_means)

    def _gaussians(self, hyper_params: Tensor) -> tuple[Tensor, Tensor]:
        if not self.predicts_means:
            return hyper_params, hyper_params.new_zeros(())
        scales_hat, means_hat = hyper_params.chunk(2, dim=1)
        return scales_hat, means_hat
