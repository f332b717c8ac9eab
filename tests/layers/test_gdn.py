import numpy as np
import pytest
import torch

from litcodec.layers import GDN, SimplifiedGDN
from litcodec.layers.gdn import CHUNK, PEDESTAL

FORMS = [GDN, SimplifiedGDN]


def _layer(form: type[GDN], *, inverse: bool, channels: int = 4) -> GDN:
    """A layer whose parameters are all different, in float64."""
    layer = form(channels, inverse=inverse).double()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        layer.beta.copy_(torch.rand(channels, generator=generator) + 0.5)
        layer.gamma.copy_(torch.rand(channels, channels, generator=generator) * 0.5 + 0.05)
    return layer


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_output_is_the_papers_formula(form: type[GDN], inverse: bool):
    layer = _layer(form, inverse=inverse)
    x = torch.randn(2, 4, 3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    beta = layer.beta.detach().numpy() ** 2 - PEDESTAL
    gamma = layer.gamma.detach().numpy() ** 2 - PEDESTAL
    v = x.numpy()
    if form is GDN:
        norm = np.sqrt(beta[None, :, None, None] + np.einsum("ij,bjhw->bihw", gamma, v**2))
    else:
        norm = beta[None, :, None, None] + np.einsum("ij,bjhw->bihw", gamma, np.abs(v))
    np.testing.assert_allclose(layer(x).detach().numpy(), v * norm if inverse else v / norm, rtol=1e-12)


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_gradients_are_exact(form: type[GDN], inverse: bool):
    layer = _layer(form, inverse=inverse, channels=3)
    x = torch.randn(2, 3, 2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(3))

    def apply(x: torch.Tensor, beta: torch.Tensor, gamma: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(layer, {"beta": beta, "gamma": gamma}, (x,))

    beta, gamma = layer.beta.detach().requires_grad_(), layer.gamma.detach().requires_grad_()
    assert torch.autograd.gradcheck(apply, (x.requires_grad_(), beta, gamma))


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_without_gradients_the_output_is_the_same_and_the_input_is_left_alone(
    form: type[GDN], inverse: bool, autocast: bool
):
    layer = _layer(form, inverse=inverse).float()
    x = torch.randn(2, 4, 3, 5, generator=torch.Generator().manual_seed(2))
    kept = x.clone()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        expected = layer(x)
        with torch.inference_mode():
            found = layer(x)
    assert torch.equal(found, expected)
    assert found.dtype is expected.dtype
    assert torch.equal(x, kept)


@pytest.mark.parametrize("inverse", [False, True])
def test_rows_a_few_at_a_time_and_in_place_are_rows_all_at_once(inverse: bool):
    layer = _layer(GDN, inverse=inverse, channels=16).float()
    x = torch.randn(2, 16, 37, 2 * CHUNK // (2 * 16 * 20), generator=torch.Generator().manual_seed(2))
    expected = layer(x).detach()
    layer.inplace = True
    assert layer(x).grad_fn is not None  # with gradients x is needed, and kept
    with torch.inference_mode():
        torch.testing.assert_close(layer(x), expected, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(x, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("form", FORMS)
def test_a_new_layer_has_beta_1_and_gamma_a_tenth_of_the_identity(form: type[GDN]):
    layer = form(3)
    torch.testing.assert_close(layer.beta.detach() ** 2 - PEDESTAL, torch.ones(3))
    torch.testing.assert_close(layer.gamma.detach() ** 2 - PEDESTAL, 0.1 * torch.eye(3))


def test_beta_and_gamma_in_use_never_fall_below_their_bounds():
    layer = GDN(2).double()
    with torch.no_grad():
        layer.beta.fill_(-5)
        layer.gamma.fill_(-5)
    x = torch.tensor([3.0, -4.0], dtype=torch.float64).reshape(1, 2, 1, 1)
    # What is left is x / sqrt(1e-6): gamma counts as 0.
    torch.testing.assert_close(layer(x), x / 1e-3, rtol=1e-9, atol=0)


def test_parameters_below_their_bounds_can_come_back():
    layer = GDN(2)
    with torch.no_grad():
        layer.beta.fill_(1e-5)
        layer.gamma.fill_(-1e-3)
    # Every output is too large; more beta and more gamma would make it smaller.
    layer(torch.ones(1, 2, 1, 1)).sum().backward()
    assert (layer.beta.grad < 0).all()
    assert (layer.gamma.grad < 0).all()


def test_igdn_undoes_gdn_of_small_values():
    # With gamma x^2 much smaller than beta both are a division and a multiplication by sqrt(beta).
    gdn, igdn = GDN(3), GDN(3, inverse=True)
    x = torch.linspace(-0.02, 0.02, 12).reshape(1, 3, 2, 2)
    torch.testing.assert_close(igdn(gdn(x)), x, rtol=1e-4, atol=0)


def test_bfloat16_autocast_agrees_with_float32():
    layer = GDN(4)
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(4)) * 10
    with torch.autocast("cpu", torch.bfloat16):
        half = layer(x)
    torch.testing.assert_close(half.float(), layer(x), rtol=0.02, atol=0.02)
