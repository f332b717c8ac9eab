"""A Gaussian convolved with the unit uniform: the probability of each rounded latent.

Ballé et al., "Variational image compression with a scale hyperprior", ICLR 2018, appendix 6.2.
https://arxiv.org/abs/1802.01436
"""

import math

import torch
from torch import Tensor

from litcodec.ops import lower_bound

SCALE_MIN = 0.11
SCALE_MAX = 256.0
SCALE_LEVELS = 64
LIKELIHOOD_MIN = 1e-9
TAIL_REACH = 1e4  # scales; gradients end there, so that squares stay finite


def standard_normal_cdf(v: Tensor) -> Tensor:
    """Phi, accurate in the lower tail."""
    return 0.5 * torch.erfc(v * -(2**-0.5))


def gaussian_likelihood(v: Tensor, scales_hat: Tensor) -> Tensor:
    """Mass that a zero-mean Gaussian gives to the unit interval about ``v``.

    Args:
        v: latent minus its mean, (B, M, h, w), float32.
        scales_hat: standard deviations, same shape; bounded below by ``SCALE_MIN`` here.

    Returns:
        Likelihoods in [1e-9, 1], same shape.
    """
    scales = lower_bound(scales_hat, SCALE_MIN)
    v = v.abs()  # both tails then lie where erfc is accurate
    nearer = (0.5 - v) / scales
    mass = standard_normal_cdf(nearer) - standard_normal_cdf((-0.5 - v) / scales)
    # Six and more scales out the mass underflows and with it its gradient: a latent that its scale is wrong
    # about would stay wrong. There the value is the floor, about what an escape costs, and the gradient that
    # of the leading term of log(mass).
    log_tail = -0.5 * nearer.clamp_min(-TAIL_REACH).square()
    tail = LIKELIHOOD_MIN * torch.exp(log_tail - log_tail.detach())
    return torch.where(mass < LIKELIHOOD_MIN, tail, mass)


def scale_table() -> Tensor:
    """The 64 scales a frozen codec knows, log-spaced from 0.11 to 256, float64."""
    return torch.exp(
        torch.linspace(math.log(SCALE_MIN), math.log(SCALE_MAX), SCALE_LEVELS, dtype=torch.float64)
    )
