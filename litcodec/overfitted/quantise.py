"""Rounding with a temperature: from nearly the identity to nearly steps.

Agustsson, Theis, "Universally quantized neural compression", NeurIPS 2020.
https://arxiv.org/abs/2006.09952
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class _NoisyRound(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, y: Tensor, temperature: float, noise: float) -> Tensor:
        disturbed, first = _soft_round(y, temperature)
        disturbed.add_(torch.randn_like(y), alpha=noise)
        rounded, second = _soft_round(disturbed, temperature)
        ctx.save_for_backward(first.mul_(second))
        return rounded

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return gradient * slope, None, None


def _soft_round(y: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """``y`` rounded softly, the identity at a high temperature, rounding at 0; and the slope there."""
    low, scale = torch.floor(y), 0.5 / math.tanh(0.5 / temperature)
    steep = torch.sub(y, low).sub_(0.5).div_(temperature).tanh_()
    slope = torch.square(steep).mul_(-scale / temperature).add_(scale / temperature)
    return low.add_(0.5).add_(steep, alpha=scale), slope


def noisy_round(y: Tensor, temperature: float, noise: float) -> Tensor:
    """Soft rounding, Gaussian noise of standard deviation ``noise``, soft rounding: what training sees.

    As C3 and Cool-chic 5 do it: Kim et al., "C3: High-performance and low-complexity neural compression from
    a single image or video", CVPR 2024. https://arxiv.org/abs/2312.02753
    """
    rounded: Tensor = _NoisyRound.apply(y, temperature, noise)
    return rounded
