"""A perceptron at every position and a convolution of few channels, against torch's own."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from litcodec.ops import pointwise as module
from litcodec.ops.conv3x3 import conv3x3
from litcodec.ops.pointwise import pointwise


@pytest.mark.parametrize("sizes", [(5, 4, 2), (9, 8, 8, 2), (3, 4, 6, 5, 3)])
def test_outputs_and_gradients_of_a_perceptron_are_those_of_linear_layers(
    sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "CHUNK", 4)  # eleven positions are three chunks
    torch.manual_seed(0)
    layers = [
        (torch.randn(b, a, dtype=torch.float64), torch.randn(b, dtype=torch.float64))
        for a, b in itertools.pairwise(sizes)
    ]
    x, linear = (torch.randn(sizes[0], 11).double(), torch.randn(sizes[-1], sizes[0]).double())
    tensors = [x, linear, *(p for layer in layers for p in layer)]
    for tensor in tensors:
        tensor.requires_grad_()
    h = x.t()
    for weight, bias in layers[:-1]:
        h = torch.relu(F.linear(h, weight, bias))
    wanted = (F.linear(h, *layers[-1]) + F.linear(x.t(), linear)).t()
    found = pointwise(x, linear, layers)
    upstream = torch.randn_like(wanted)
    torch.testing.assert_close(found, wanted)
    for a, b in zip(
        torch.autograd.grad(found, tensors, upstream),
        torch.autograd.grad(wanted, tensors, upstream),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize(("C", "D", "h", "w"), [(3, 3, 6, 7), (2, 5, 1, 4), (1, 1, 1, 1)])
def test_outputs_and_gradients_of_a_convolution_are_those_of_torch(C: int, D: int, h: int, w: int):
    torch.manual_seed(0)
    x, weight, bias = (
        torch.randn(size, dtype=torch.float64, requires_grad=True) for size in ((C, h, w), (D, C, 3, 3), (D,))
    )
    wanted, found = F.conv2d(x[None], weight, bias, padding=1)[0], conv3x3(x, weight, bias)
    upstream = torch.randn_like(wanted)
    torch.testing.assert_close(found, wanted)
    for a, b in zip(
        torch.autograd.grad(found, (x, weight, bias), upstream),
        torch.autograd.grad(wanted, (x, weight, bias), upstream),
        strict=True,
    ):
        torch.testing.assert_close(a, b)
