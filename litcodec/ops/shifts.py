"""Shifted views of a grid, stacked, with a gradient in few passes over memory."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Offsets = tuple[tuple[int, int], ...]


class _Shifts(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, offsets: Offsets, h: int, w: int) -> Tensor:
        ctx.shape, ctx.offsets, ctx.size = x.shape, offsets, (h, w)
        shifted = x.new_empty(len(offsets), h, w)
        for k, (row, column) in enumerate(offsets):
            shifted[k] = x[row : row + h, column : column + w]
        return shifted

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        h, w = ctx.size
        of_x = gradient.new_zeros(ctx.shape)
        for k, (row, column) in enumerate(ctx.offsets):
            of_x[row : row + h, column : column + w] += gradient[k]
        return of_x, None, None, None


def shifts(x: Tensor, offsets: Offsets, h: int, w: int) -> Tensor:
    """The windows (len(offsets), h, w) of a grid (H, W) that begin at (row, column) of ``offsets``."""
    shifted: Tensor = _Shifts.apply(x, offsets, h, w)
    return shifted
