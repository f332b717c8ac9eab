"""A 3x3 convolution of few channels: nine products of small matrices with long ones.

A row of the padded input and the next one lie one behind the other, so the input of a tap is a contiguous
part of it, and nothing is copied. What is computed at the border between two rows is left out.

Convolutions of a library are made for many channels: on a CPU the gradient of one of three channels takes
four times as long as this one's.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


class _Conv3x3(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        padded = F.pad(x, (1, 1, 1, 1))
        ctx.save_for_backward(padded, weight)
        return _correlate(padded, weight).add_(bias[:, None, None])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        padded, weight = ctx.saved_tensors
        around = F.pad(gradient, (1, 1, 1, 1))
        of_x = _correlate(around, weight.transpose(0, 1).flip(2, 3))
        flat, stride = padded.flatten(1), padded.shape[2]
        n = _length(padded)
        inner = around.flatten(1)[:, stride + 1 : stride + 1 + n].t()
        of_taps = [flat[:, at : at + n] @ inner for at in _taps(stride)]
        of_weight = torch.stack(of_taps).permute(2, 1, 0).reshape(weight.shape)
        return of_x, of_weight, gradient.sum((1, 2))


def _correlate(padded: Tensor, weight: Tensor) -> Tensor:
    """(D, h, w), not contiguous, of ``padded`` (C, h + 2, w + 2) and ``weight`` (D, C, 3, 3)."""
    C, height, stride = padded.shape
    flat, n = padded.flatten(1), _length(padded)
    out = flat.new_empty(len(weight), (height - 2) * stride)
    for k, (at, tap) in enumerate(zip(_taps(stride), weight.flatten(2).unbind(2), strict=True)):
        torch.addmm(out[:, :n], tap, flat[:, at : at + n], beta=float(k > 0), out=out[:, :n])
    return out.view(len(weight), height - 2, stride)[:, :, : stride - 2]


def _length(padded: Tensor) -> int:
    """From the first pixel of the output to the last, in the rows of ``padded``."""
    _, height, stride = padded.shape
    return (height - 2) * stride - 2


def _taps(stride: int) -> list[int]:
    """Where the input of each tap begins."""
    return [row * stride + column for row in range(3) for column in range(3)]


def conv3x3(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The convolution of ``x`` with zeros beyond its border.

    Args:
        x: (C, h, w).
        weight: (D, C, 3, 3).
        bias: (D,).

    Returns:
        (D, h, w).
    """
    out: Tensor = _Conv3x3.apply(x, weight, bias)
    return out
