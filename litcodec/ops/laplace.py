"""What symbols with Laplace distributions cost, with a gradient in few passes over memory."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class _LaplaceBits(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, symbols: Tensor, means: Tensor, log_scales: Tensor, low: float, high: float, least: float
    ) -> Tensor:
        difference = symbols - means
        rate = log_scales.clamp(low, high).neg_().exp_()
        near = difference.abs().sub_(
            0.5
        )  # to the nearer border of the symbol's cell, < 0 if the mean is inside
        far = near + 1
        beyond = torch.mul(far, rate).neg_().exp_().mul_(0.5)
        half = near.abs().mul_(rate).neg_().exp_().mul_(0.5)
        mass = torch.where(near > 0, half, 1 - half).sub_(beyond)
        bits = -torch.log2(mass.clamp_min(least)).sum()
        if any(ctx.needs_input_grad):
            slope = mass.clamp_min_(least).reciprocal_().mul_(rate).div_(math.log(2))
            of_scales = near.mul_(half).sub_(far.mul_(beyond)).mul_(slope).neg_()
            of_scales.mul_((log_scales >= low).logical_and_(log_scales <= high).to(of_scales.dtype))
            of_symbols = half.sub_(beyond).mul_(slope).mul_(difference.sign_())
            ctx.save_for_backward(of_symbols, of_scales)
        return bits

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None, None]:
        of_symbols, of_scales = ctx.saved_tensors
        of_symbols = of_symbols * gradient
        return of_symbols, -of_symbols, of_scales * gradient, None, None, None


def laplace_bits(
    symbols: Tensor, means: Tensor, log_scales: Tensor, *, low: float, high: float, least: float
) -> Tensor:
    """The bits that symbols cost together: a symbol's mass is what lies within 1/2 of it.

    Args:
        symbols: (n,).
        means: (n,).
        log_scales: (n,), natural logarithms; clamped to ``low`` .. ``high``, without a gradient beyond.
        low: the smallest log-scale.
        high: the largest.
        least: no mass is taken to be smaller; the gradient goes on as that of the logarithm.

    Returns:
        bits, scalar.
    """
    bits: Tensor = _LaplaceBits.apply(symbols, means, log_scales, low, high, least)
    return bits
