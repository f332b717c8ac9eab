"""Mixtures of logistics cut into the 256 grey levels: the probability of a pixel's channel.

Salimans, Karpathy, Chen, Kingma, "PixelCNN++: Improving the PixelCNN with discretized logistic mixture
likelihood and other modifications", ICLR 2017. https://arxiv.org/abs/1701.05517
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

LOG_SCALE_MIN, LOG_SCALE_MAX = -3.5, 6.0
LIKELIHOOD_MIN = 1e-7


def logistic_likelihood(v: Tensor, logits: Tensor, means: Tensor, log_scales: Tensor) -> Tensor:
    """Mass that a mixture of K logistics gives to each grey level; 0 and 255 have the whole tails.

    Args:
        v: whole numbers in 0..255, (...), float32.
        logits: of the weights, (..., K).
        means: in grey levels, (..., K).
        log_scales: natural logarithms, (..., K); clamped to -3.5..6.

    Returns:
        Likelihoods in [1e-7, 1], (...).
    """
    reciprocals = torch.exp(-log_scales.clamp(LOG_SCALE_MIN, LOG_SCALE_MAX))
    off, v = v[..., None] - means, v[..., None]
    upper, lower = (off + 0.5) * reciprocals, (off - 0.5) * reciprocals
    # sigmoid(upper) - sigmoid(lower), in logarithms so that no tail underflows.
    log_inside = torch.log(-torch.expm1(-reciprocals))
    log_mass = torch.where(
        v < 0.5,
        F.logsigmoid(upper),
        torch.where(v > 254.5, F.logsigmoid(-lower), F.logsigmoid(upper) + F.logsigmoid(-lower) + log_inside),
    )
    log_likelihood = torch.logsumexp(logits.log_softmax(dim=-1) + log_mass, dim=-1)
    # Below the floor, about what a frozen codec charges at most, the gradient stays that of the logarithm.
    floor = LIKELIHOOD_MIN * torch.exp(log_likelihood - log_likelihood.detach())
    return torch.where(log_likelihood < math.log(LIKELIHOOD_MIN), floor, log_likelihood.exp())
