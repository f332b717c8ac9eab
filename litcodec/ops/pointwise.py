"""A small multilayer perceptron at every position, with a gradient in few passes over memory.

Layers of about eight features are bound by memory, not by arithmetic: so a chunk of positions goes through
all layers before the next one does, and the first hidden layer and the linear path, which see the same input,
are one product of matrices.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

CHUNK = 2**15  # positions
_through_relu = torch.ops.aten.threshold_backward.grad_input  # ten times as fast as a product with a mask


class _Pointwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, linear: Tensor, *layers: Tensor) -> Tensor:
        weights, biases = layers[2::2], [bias[:, None] for bias in layers[1::2]]
        width, n = len(layers[0]), x.shape[1]
        first = torch.cat([layers[0], linear])
        out = x.new_empty(len(linear), n)
        ctx.hidden = []
        for a in range(0, n, CHUNK):
            both = first @ x[:, a : a + CHUNK]
            hidden = [both[:width].add_(biases[0]).relu_()]
            for weight, bias in zip(weights[:-1], biases[1:-1], strict=True):
                hidden.append((weight @ hidden[-1]).add_(bias).relu_())
            ended = both[width:].addmm_(weights[-1], hidden[-1])
            torch.add(ended, biases[-1], out=out[:, a : a + CHUNK])
            if any(ctx.needs_input_grad):
                ctx.hidden.append(hidden)
        ctx.save_for_backward(x, first, *weights)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        x, first, *weights = ctx.saved_tensors
        width, last = len(weights[0].t()), len(weights) - 1
        of_x, of_first = torch.empty_like(x), torch.zeros_like(first)
        of_weights = [torch.zeros_like(weight) for weight in weights]
        of_biases = [x.new_zeros(width), *(x.new_zeros(len(weight)) for weight in weights)]
        for k, hidden in enumerate(ctx.hidden):
            at = slice(k * CHUNK, (k + 1) * CHUNK)
            of_layer = gradient[:, at]
            both = x.new_empty(len(first), of_layer.shape[1])
            both[width:] = of_layer
            for layer in range(last, -1, -1):
                of_biases[layer + 1] += of_layer.sum(1)
                of_weights[layer].addmm_(of_layer, hidden[layer].t())
                into = both[:width] if layer == 0 else torch.empty_like(hidden[layer])
                torch.mm(weights[layer].t(), of_layer, out=into)
                _through_relu(into, hidden[layer], 0, grad_input=into)
                of_layer = into
            of_biases[0] += of_layer.sum(1)
            of_first.addmm_(both, x[:, at].t())
            torch.mm(first.t(), both, out=of_x[:, at])
        pairs = zip([of_first[:width], *of_weights], of_biases, strict=True)
        return (of_x, of_first[width:], *(p for pair in pairs for p in pair))


def pointwise(x: Tensor, linear: Tensor, layers: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """The network's output at each of n positions.

    Args:
        x: (inputs, n).
        linear: (outputs, inputs), what is added to the output of the last layer.
        layers: weight (outputs, inputs) and bias (outputs,) of each layer, two or more; all but the last
            have a ReLU.

    Returns:
        (outputs, n).
    """
    out: Tensor = _Pointwise.apply(x, linear, *(p for layer in layers for p in layer))
    return out
