import math

import pytest
import torch

from litcodec.entropy import SCALE_MIN, Mixture, gaussian_likelihood, mixture_likelihood


def _mixture(K: int, *, dtype: torch.dtype = torch.float32, seed: int = 0) -> Mixture:
    """Of (2, K, 3, 4, 5)."""
    generator = torch.Generator().manual_seed(seed)
    logits, means, scales = torch.randn(3, 2, K, 3, 4, 5, generator=generator, dtype=dtype)
    return Mixture(2 * logits, 3 * means, scales.exp())


def _one(*components: tuple[float, float, float]) -> Mixture:
    """One element's mixture of (weight, mean, scale)."""
    weights, means, scales = torch.tensor(components).T[:, None, :, None, None, None]
    return Mixture(weights.log(), means, scales)


def _at(v: float) -> torch.Tensor:
    return torch.full((1, 1, 1, 1), v)


def test_likelihood_is_the_weighted_mass_of_the_unit_interval():
    """By the standard library alone."""
    mixture = _one((0.7, -1.3, 0.4), (0.2, 0.5, 2.0), (0.1, 4.0, 0.11))
    for v in (-3.0, -1.0, 0.0, 0.4, 4.0, 6.5):
        mass = sum(
            weight
            * 0.5
            * (
                math.erf((v + 0.5 - mean) / scale / math.sqrt(2))
                - math.erf((v - 0.5 - mean) / scale / math.sqrt(2))
            )
            for weight, mean, scale in ((0.7, -1.3, 0.4), (0.2, 0.5, 2.0), (0.1, 4.0, 0.11))
        )
        assert mixture_likelihood(_at(v), mixture).item() == pytest.approx(mass, rel=1e-4)


def test_one_component_is_a_gaussian_with_the_very_same_gradients():
    mixture = _mixture(1)
    v = 20 * torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(1))
    leaves = [v, mixture.means, mixture.scales]
    found = []
    for likelihood in (
        lambda v, means, scales: mixture_likelihood(v, Mixture(mixture.logits, means, scales)),
        lambda v, means, scales: gaussian_likelihood(v - means[:, 0], scales[:, 0]),
    ):
        inputs = [leaf.clone().requires_grad_() for leaf in leaves]
        likelihoods = likelihood(*inputs)
        likelihoods.log().sum().backward()
        found.append([likelihoods, *(leaf.grad for leaf in inputs)])
    assert (found[0][0] < 2e-9).any()  # some at the floor
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=0)


@pytest.mark.parametrize("K", [2, 3])
def test_mass_over_the_integers_is_1(K: int):
    mixture = _mixture(K)
    masses = [mixture_likelihood(torch.full((2, 3, 4, 5), float(v)), mixture) for v in range(-200, 201)]
    torch.testing.assert_close(sum(masses), torch.ones(2, 3, 4, 5), rtol=0, atol=1e-5)


def test_gradients_are_exact():
    mixture = _mixture(3, dtype=torch.float64)
    inputs = [part[:1, :, :1, :2, :2].clone().requires_grad_() for part in mixture]
    v = torch.randn(1, 1, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v, *parts: mixture_likelihood(v, Mixture(*parts)), (v, *inputs))


@pytest.mark.parametrize("v", [30.0, -80.0, 3000.0])
def test_below_the_floor_the_gradient_is_that_of_the_exact_logarithm(v: float):
    """So that a latent which all components are wrong about pulls at the one that could reach it first."""
    parts = ((0.9, 0.0, 0.5), (0.1, 2.0, 1.5))
    mixture = Mixture(*(part.requires_grad_() for part in _one(*parts)))
    likelihood = mixture_likelihood(_at(v), mixture)
    assert likelihood.item() == pytest.approx(1e-9)
    likelihood.log().sum().backward()
    exact = [part.detach().double().flatten().requires_grad_() for part in mixture]
    logits, means, scales = exact
    tails = torch.special.log_ndtr((0.5 - (v - means).abs()) / scales)
    torch.logsumexp(logits.log_softmax(0) + tails, 0).backward()
    for part, reference in zip(mixture, exact, strict=True):
        assert part.grad.isfinite().all()
        torch.testing.assert_close(part.grad.flatten().double(), reference.grad, rtol=0.02, atol=1e-3)
    assert mixture.scales.grad.flatten()[1] > 0.01


def test_absurd_values_keep_finite_gradients():
    mixture = Mixture(*(part.requires_grad_() for part in _one((0.5, 0.0, 0.01), (0.5, 1e30, 1.0))))
    likelihood = mixture_likelihood(_at(-1e30), mixture)
    assert likelihood.item() == pytest.approx(1e-9)
    likelihood.log().sum().backward()
    assert all(part.grad.isfinite().all() for part in mixture)


def test_scales_are_bounded_below_and_can_come_back():
    mixture = _one((1.0, 0.0, 0.01))
    assert torch.equal(
        mixture_likelihood(_at(0.4), mixture), mixture_likelihood(_at(0.4), _one((1.0, 0.0, SCALE_MIN)))
    )
    mixture.scales.requires_grad_()
    (-mixture_likelihood(_at(1.0), mixture).log()).sum().backward()
    assert mixture.scales.grad.item() < 0  # a larger scale would make the value more probable


def test_mean_and_scale_are_those_of_samples():
    mixture = _one((0.6, -2.0, 0.5), (0.4, 3.0, 1.5))
    generator = torch.Generator().manual_seed(0)
    first = torch.rand(400_000, generator=generator) < 0.6
    noise = torch.randn(400_000, generator=generator)
    samples = torch.where(first, -2.0 + 0.5 * noise, 3.0 + 1.5 * noise)
    assert mixture.mean.item() == pytest.approx(samples.mean().item(), abs=0.02)
    assert mixture.scale.item() == pytest.approx(samples.std().item(), rel=0.01)
