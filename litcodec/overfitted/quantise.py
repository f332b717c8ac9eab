"""Rounding with a temperature: from nearly the identity to nearly steps.

Agustsson, Theis, "Universally quantized neural compression", NeurIPS 2020.
https://arxiv.org/abs/2006.09952
"""

import math

import torch
from torch import Tensor


def soft_round(y: Tensor, temperature: float) -> Tensor:
    """``y`` rounded softly: the identity at a high temperature, rounding at 0."""
    low = torch.floor(y)
    offset = (y - low).sub_(0.5) if not y.requires_grad else y - low - 0.5
    return low + 0.5 + torch.tanh(offset / temperature) * (0.5 / math.tanh(0.5 / temperature))


def noisy_round(y: Tensor, temperature: float, noise: float) -> Tensor:
    """Soft rounding, Gaussian noise of standard deviation ``noise``, soft rounding: what training sees.

    As C3 and Cool-chic 5 do it: Kim et al., "C3: High-performance and low-complexity neural compression from
    a single image or video", CVPR 2024. https://arxiv.org/abs/2312.02753
    """
    disturbed = soft_round(y, temperature) + noise * torch.randn_like(y)
    return soft_round(disturbed, temperature)
