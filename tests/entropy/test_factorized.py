import math

import numpy as np
import pytest
import torch

from litcodec.entropy import FactorizedDensity


def _learned(channels: int = 5, *, seed: int = 0) -> FactorizedDensity:
    """A density as after training: every parameter its own, medians well away from 0."""
    torch.manual_seed(seed)
    density = FactorizedDensity(channels)
    with torch.no_grad():
        for parameter in density.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.4)
        density.biases[0].add_(torch.linspace(-6, 6, channels)[:, None, None])
    return density


def _numpy_cumulative(density: FactorizedDensity, v: np.ndarray) -> np.ndarray:
    """F(v) for (C, n) in float64, with nothing of torch but the numbers."""
    matrices = [p.detach().numpy().astype(np.float64) for p in density.matrices]
    biases = [p.detach().numpy().astype(np.float64) for p in density.biases]
    factors = [p.detach().numpy().astype(np.float64) for p in density.factors]
    out = np.empty_like(v)
    for c in range(v.shape[0]):
        u = v[c][None, :]
        for k, matrix in enumerate(matrices):
            u = np.logaddexp(0, matrix[c]) @ u + biases[k][c]
            if k < len(factors):
                u = u + np.tanh(factors[k][c]) * np.tanh(u)
        out[c] = 1 / (1 + np.exp(-u[0]))
    return out


def test_likelihood_is_the_mass_of_the_unit_interval():
    density = _learned()
    z = torch.randn(2, 5, 3, 4) * 8
    v = z.transpose(0, 1).reshape(5, -1).double().numpy()
    mass = _numpy_cumulative(density, v + 0.5) - _numpy_cumulative(density, v - 0.5)
    expected = np.maximum(mass, 1e-9).reshape(5, 2, 3, 4).swapaxes(0, 1)
    np.testing.assert_allclose(density(z).detach().numpy(), expected, rtol=2e-4, atol=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.3, -0.49])
def test_mass_over_the_integers_is_1(shift: float):
    density = _learned().double()
    v = torch.arange(-4000, 4001, dtype=torch.float64) + shift
    total = density(v.repeat(5, 1)[None, :, None, :]).sum(dim=(0, 2, 3))
    torch.testing.assert_close(total, torch.ones(5, dtype=torch.float64), rtol=0, atol=1e-5)


def test_mass_far_out_is_floored_and_still_has_a_gradient_back():
    density = _learned()
    z = torch.full((1, 5, 1, 2), 40.0)
    z[..., 1] = -40_000.0
    z.requires_grad_()
    likelihoods = density(z)
    likelihoods.log().sum().backward()
    assert likelihoods.min().item() == pytest.approx(1e-9)
    assert likelihoods.max() <= 1
    assert z.grad.isfinite().all()


def test_both_tails_are_as_accurate_as_each_other():
    # sigmoid(upper) - sigmoid(lower) of two numbers near 1 would lose all digits in float32.
    density = _learned()
    tail = density.quantile(1 - 1e-7)[None, :, None, None]
    v = tail[0, :, :, 0].double().numpy()
    exact = density.double()(torch.from_numpy(v)[None, :, None])[0, :, 0].detach()
    likelihoods = density.float()(tail)[0, :, 0].detach()
    torch.testing.assert_close(likelihoods.double(), exact, rtol=0.01, atol=0)


def test_a_new_density_gives_its_medians_the_mass_of_its_width():
    # At the start the logits on both sides of a median cancel, some of them to exactly 0.
    for seed in range(8):
        torch.manual_seed(seed)
        density = FactorizedDensity(64)
        likelihoods = density(density.medians())
        assert likelihoods.min() > 0.02
        assert likelihoods.max() < 0.03


@pytest.mark.parametrize("p", [2.0**-21, 0.001, 0.25, 0.5, 0.9, 1 - 2.0**-21])
def test_quantiles_undo_the_cumulative(p: float):
    density = _learned().double()
    found = density.quantile(p)
    logits = density.logits(found[:, None, None])[:, 0, 0]
    # The search ends within 4e-6 of the answer, and the logits' slopes are about 1.
    torch.testing.assert_close(logits, torch.full_like(logits, math.log(p / (1 - p))), rtol=0, atol=2e-5)
    cumulative = _numpy_cumulative(density.float(), found[:, None].numpy())
    np.testing.assert_allclose(cumulative[:, 0], p, rtol=1e-4)


def test_medians_in_float32_are_those_in_float64():
    density = _learned(16)
    single = density.medians()
    assert single.shape == (1, 16, 1, 1)
    torch.testing.assert_close(single.double(), density.double().medians(), rtol=0, atol=1e-5)


def test_the_search_needs_no_gradient():
    density = _learned()
    assert not density.quantile(0.5).requires_grad


def test_gradients_are_exact():
    density = _learned(2).double()
    z = torch.randn(1, 2, 1, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    names = [name for name, _ in density.named_parameters()]

    def apply(z: torch.Tensor, *parameters: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(density, dict(zip(names, parameters, strict=True)), (z,))

    inputs = (z.requires_grad_(), *(p.detach().requires_grad_() for p in density.parameters()))
    assert torch.autograd.gradcheck(apply, inputs)


def test_channels_do_not_see_each_other():
    density = _learned()
    z = torch.randn(2, 5, 3, 3)
    changed = z.clone()
    changed[:, 2] += 1
    same = density(z) == density(changed)
    assert same[:, [0, 1, 3, 4]].all()
    assert not same[:, 2].any()


def test_it_learns_the_entropy_of_its_data():
    # 4000 samples of N(3, 2^2): the fitted mean code length comes close to that of the best Gaussian.
    torch.manual_seed(0)
    density = FactorizedDensity(1)
    optimiser = torch.optim.Adam(density.parameters(), lr=0.02)
    samples = torch.randn(1, 1, 40, 100) * 2 + 3
    for _ in range(150):
        optimiser.zero_grad()
        noisy = samples + torch.rand_like(samples) - 0.5
        (-density(noisy).log2().mean()).backward()
        optimiser.step()
    with torch.no_grad():
        bits = -density((samples - density.medians()).round() + density.medians()).log2().mean()
    entropy = 0.5 * math.log2(2 * math.pi * math.e * (4 + 1 / 12))
    assert bits.item() == pytest.approx(entropy, abs=0.05)
    assert density.medians().item() == pytest.approx(3, abs=0.2)
