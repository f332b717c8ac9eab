"""A lower bound that lets a value come back from below it."""

from typing import Any, cast

import torch
from torch import Tensor


class _LowerBound(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, bound: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.bound = bound
        return x.clamp_min(bound)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        # A descent step moves x by -grad: below the bound only steps that raise x are passed on.
        passes = (x >= ctx.bound) | (grad < 0)
        return grad.masked_fill(~passes, 0), None


def lower_bound(x: Tensor, bound: float) -> Tensor:
    """``max(x, bound)``, with the gradient kept wherever a descent step would not push ``x`` further below.

    ``clamp`` would give values below the bound no gradient at all, and they would never recover.

    Args:
        x: any shape.
        bound: the smallest value to come out.

    Returns:
        Same shape as ``x``.
    """
    return cast(Tensor, _LowerBound.apply(x, bound))
