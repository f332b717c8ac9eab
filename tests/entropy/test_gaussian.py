import math

import pytest
import torch

from litcodec.entropy import SCALE_MIN, gaussian_likelihood, scale_table


def _mass(v: float, scale: float) -> float:
    """By the standard library alone, taking the difference in the lower tail."""
    v = abs(v)
    root = math.sqrt(2) * scale
    return 0.5 * (math.erfc((v - 0.5) / root) - math.erfc((v + 0.5) / root))


@pytest.mark.parametrize("scale", [0.11, 0.3, 1.0, 7.7, 256.0])
@pytest.mark.parametrize("v", [0.0, 0.25, -0.5, 1.0, 2.5, -17.0, 300.0])
def test_likelihood_is_the_mass_of_the_unit_interval(v: float, scale: float):
    found = gaussian_likelihood(torch.tensor([v]), torch.tensor([scale])).item()
    assert found == pytest.approx(max(_mass(v, scale), 1e-9), rel=1e-4)


def test_likelihood_is_symmetric():
    v = torch.linspace(0, 20, 401)
    scales = torch.full_like(v, 2.3)
    assert torch.equal(gaussian_likelihood(v, scales), gaussian_likelihood(-v, scales))


@pytest.mark.parametrize("scale", [0.11, 1.0, 30.0])
def test_mass_over_the_integers_is_1(scale: float):
    v = torch.arange(-300, 301, dtype=torch.float64)
    assert gaussian_likelihood(v, torch.full_like(v, scale)).sum().item() == pytest.approx(1, abs=1e-6)


def test_improbable_values_are_floored_and_keep_a_finite_gradient():
    v = torch.tensor([1e3, -1e3, 1e30], requires_grad=True)
    scales = torch.tensor([0.2, 5.0, 1.0], requires_grad=True)
    likelihoods = gaussian_likelihood(v, scales)
    assert likelihoods.tolist() == pytest.approx([1e-9] * 3)
    likelihoods.log().sum().backward()
    assert v.grad.isfinite().all()
    assert scales.grad.isfinite().all()


@pytest.mark.parametrize("v", [6.0, -20.0, 300.0])
def test_a_scale_that_is_far_too_small_is_told_so_as_loudly_as_by_the_exact_logarithm(v: float):
    scales = torch.tensor([0.3], requires_grad=True)
    gaussian_likelihood(torch.tensor([v]), scales).log().sum().backward()
    exact = torch.tensor([0.3], dtype=torch.float64, requires_grad=True)
    torch.special.log_ndtr((0.5 - abs(v)) / exact).sum().backward()
    assert scales.grad.item() == pytest.approx(exact.grad.item(), rel=0.02)


@pytest.mark.parametrize("scale", [0.0, -5.0, 0.05])
def test_scales_are_bounded_below(scale: float):
    v = torch.tensor([0.0, 0.4, 1.0])
    bounded = gaussian_likelihood(v, torch.full((3,), SCALE_MIN))
    assert torch.equal(gaussian_likelihood(v, torch.full((3,), scale)), bounded)


def test_a_scale_below_the_bound_can_come_back():
    scales = torch.tensor([0.01], requires_grad=True)
    (-gaussian_likelihood(torch.tensor([1.0]), scales).log()).sum().backward()
    assert scales.grad.item() < 0  # a larger scale would make the value more probable


def test_gradients_are_exact():
    v = torch.tensor([0.2, -1.3, 4.0], dtype=torch.float64, requires_grad=True)
    scales = torch.tensor([0.5, 1.5, 3.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(gaussian_likelihood, (v, scales))


@pytest.mark.parametrize("scale", [0.11, 0.3, 1.0, 5.0, 60.0])
def test_noise_never_promises_fewer_bits_than_rounding(scale: float):
    generator = torch.Generator().manual_seed(0)
    y = torch.randn(100_000, generator=generator) * scale
    scales = torch.full_like(y, scale)
    noisy = y + torch.rand(y.shape, generator=generator) - 0.5
    bits_noisy = -gaussian_likelihood(noisy, scales).log2().mean().item()
    bits_rounded = -gaussian_likelihood(y.round(), scales).log2().mean().item()
    assert bits_noisy >= bits_rounded - 0.005
    if scale >= 5:
        assert bits_noisy == pytest.approx(bits_rounded, rel=0.005)


def test_the_scale_table_goes_from_0_11_to_256_by_equal_ratios():
    table = scale_table()
    assert (len(table), table.dtype) == (64, torch.float64)
    assert table[[0, -1]].tolist() == pytest.approx([0.11, 256.0])
    ratios = table[1:] / table[:-1]
    torch.testing.assert_close(ratios, ratios[0].expand(63), rtol=1e-12, atol=0)
