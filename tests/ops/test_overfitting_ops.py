"""Operations of overfitted codecs: their own gradients against autograd's."""

import math

import pytest
import torch

from litcodec.ops.doubling import double
from litcodec.ops.laplace import laplace_bits
from litcodec.ops.shifts import shifts


@pytest.mark.parametrize("dim", [1, 2])
def test_doubling_has_the_gradient_of_what_it_does(dim: int):
    torch.manual_seed(0)
    x = torch.randn(2, 7, 6, dtype=torch.float64, requires_grad=True)
    taps = torch.randn(4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x, taps: double(x, taps, dim), (x, taps))


def test_doubling_filters_with_the_taps_and_their_mirror_image():
    x, taps = torch.tensor([[1.0, 0, 0, 2, 0]]), torch.tensor([1.0, 10, 100, 1000])
    # One sample and two more on each side: 1 * 1 + 1000 * 2, then 10 * 2.
    assert double(x, taps, 1).tolist() == [[2001.0, 20.0]]


def test_shifts_have_the_gradient_of_slices():
    x = torch.randn(6, 7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: shifts(x, ((0, 0), (2, 1), (1, 3)), 4, 4), (x,))
    assert torch.equal(shifts(x, ((2, 1),), 4, 4)[0], x[2:, 1:5])


def test_laplace_bits_are_the_logarithm_of_the_mass_with_its_gradient():
    torch.manual_seed(0)
    symbols, means, log_scales = (torch.randn(200, dtype=torch.float64) * scale for scale in (3.0, 1.0, 0.7))
    for tensor in (symbols, means, log_scales):
        tensor.requires_grad_()

    def plain() -> torch.Tensor:
        distribution = torch.distributions.Laplace(means, log_scales.exp())
        mass = distribution.cdf(symbols + 0.5) - distribution.cdf(symbols - 0.5)
        return -torch.log2(mass.clamp_min(2.0**-18)).sum()

    wanted = torch.autograd.grad(plain(), (symbols, means, log_scales))
    bits = laplace_bits(symbols, means, log_scales, low=-3.5, high=4.5, least=2.0**-18)
    found = torch.autograd.grad(bits, (symbols, means, log_scales))
    inside = torch.distributions.Laplace(means, log_scales.exp())
    mass = inside.cdf(symbols + 0.5) - inside.cdf(symbols - 0.5)
    sure = (mass > 2.0**-17).detach()
    assert math.isclose(float(bits.detach()), float(plain().detach()), rel_tol=1e-6)
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a[sure], b[sure], rtol=1e-6, atol=1e-9)
