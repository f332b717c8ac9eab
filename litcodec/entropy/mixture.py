"""A mixture of Gaussians convolved with the unit uniform: the probability of each rounded latent.

Cheng, Sun, Takeuchi, Katto, "Learned image compression with discretized Gaussian mixture likelihoods and
attention modules", CVPR 2020. https://arxiv.org/abs/2001.01568
"""

from typing import NamedTuple

import torch
from torch import Tensor

from litcodec.entropy.gaussian import LIKELIHOOD_MIN, SCALE_MIN, TAIL_REACH, standard_normal_cdf
from litcodec.ops import lower_bound


class Mixture(NamedTuple):
    """K Gaussians for every element of a latent (B, M, h, w); all three are (B, K, M, h, w), float32."""

    logits: Tensor  # of the weights
    means: Tensor
    scales: Tensor  # bounded below by ``SCALE_MIN`` where they are used

    @property
    def mean(self) -> Tensor:
        """(B, M, h, w)."""
        return (self.logits.softmax(dim=1) * self.means).sum(dim=1)

    @property
    def scale(self) -> Tensor:
        """The standard deviation of the whole mixture, (B, M, h, w)."""
        weights = self.logits.softmax(dim=1)
        spread = self.scales.clamp_min(SCALE_MIN).square() + (self.means - self.mean[:, None]).square()
        return (weights * spread).sum(dim=1).sqrt()


def mixture_likelihood(v: Tensor, mixture: Mixture) -> Tensor:
    """Mass that a mixture gives to the unit interval about ``v``.

    Args:
        v: latent, (B, M, h, w), float32.
        mixture: of as many elements.

    Returns:
        Likelihoods in [1e-9, 1], (B, M, h, w). With K = 1 they are those of ``gaussian_likelihood``.
    """
    scales = lower_bound(mixture.scales, SCALE_MIN)
    off = (v[:, None] - mixture.means).abs()  # both tails then lie where erfc is accurate
    nearer = (0.5 - off) / scales
    masses = standard_normal_cdf(nearer) - standard_normal_cdf((-0.5 - off) / scales)
    mass = (mixture.logits.softmax(dim=1) * masses).sum(dim=1)
    # See ``gaussian_likelihood``: below the floor the gradient is that of the leading terms of log(mass).
    log_tails = -0.5 * nearer.clamp_min(-TAIL_REACH).square()
    log_tail = torch.logsumexp(mixture.logits.log_softmax(dim=1) + log_tails, dim=1)
    tail = LIKELIHOOD_MIN * torch.exp(log_tail - log_tail.detach())
    return torch.where(mass < LIKELIHOOD_MIN, tail, mass)
