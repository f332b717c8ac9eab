"""Doubles one side of a stack of grids with four taps, with a gradient in few passes over memory."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

TAPS = 4
REACH = 2  # samples that an output needs on either side


class _Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, taps: Tensor, dim: int) -> Tensor:
        ctx.save_for_backward(x, taps)
        ctx.dim = dim
        n = x.shape[dim] - 2 * REACH
        t = taps.tolist()
        shape = list(x.shape)
        shape[dim : dim + 1] = [n, 2]
        doubled = x.new_empty(shape)
        for phase in (0, 1):
            out = doubled.select(dim + 1, phase)
            torch.mul(x.narrow(dim, phase, n), t[0 if phase == 0 else -1], out=out)
            for k in range(1, TAPS):
                out.add_(x.narrow(dim, phase + k, n), alpha=t[k if phase == 0 else TAPS - 1 - k])
        return doubled.flatten(dim, dim + 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, taps = ctx.saved_tensors
        dim, n = ctx.dim, x.shape[ctx.dim] - 2 * REACH
        t = taps.tolist()
        phases = [part.contiguous() for part in torch.unflatten(gradient, dim, (n, 2)).unbind(dim + 1)]
        of_x = of_taps = None
        if ctx.needs_input_grad[0]:
            of_x = torch.zeros_like(x)
            for phase, part in enumerate(phases):
                for k in range(TAPS):
                    of_x.narrow(dim, phase + k, n).add_(part, alpha=t[k if phase == 0 else TAPS - 1 - k])
        if ctx.needs_input_grad[1]:
            of_taps = torch.zeros_like(taps)
            for phase, part in enumerate(phases):
                for k in range(TAPS):
                    tap = k if phase == 0 else TAPS - 1 - k
                    of_taps[tap] += torch.vdot(x.narrow(dim, phase + k, n).flatten(), part.flatten())
        return of_x, of_taps, None


def double(x: Tensor, taps: Tensor, dim: int) -> Tensor:
    """One side of ``x`` doubled.

    Args:
        x: (..., n + 4, ...): n samples and two more on each side.
        taps: (4,), of the even outputs; the odd ones' are mirrored.
        dim: which side, >= 0.

    Returns:
        (..., 2 * n, ...). Output 2 * i is the sum of ``taps[k] * x[i + k]``, output 2 * i + 1 that of
        ``taps[3 - k] * x[i + 1 + k]``.
    """
    doubled: Tensor = _Double.apply(x, taps, dim)
    return doubled
