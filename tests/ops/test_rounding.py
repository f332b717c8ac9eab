import pytest
import torch

from litcodec.ops import add_uniform_noise, round_straight_through


@pytest.mark.parametrize("upstream", [2.0, -2.0])
@pytest.mark.parametrize("value", [-1.6, -0.4, 0.0, 0.3, 0.7, 12.49])
def test_rounding_passes_the_gradient_unchanged(value: float, upstream: float):
    x = torch.tensor(value, requires_grad=True)
    rounded = round_straight_through(x)
    rounded.backward(torch.tensor(upstream))
    assert rounded.item() == round(value)
    assert x.grad.item() == upstream


def test_straight_through_values_are_whole_numbers():
    x = torch.linspace(-300, 300, 10_007)
    assert torch.equal(round_straight_through(x), x.round())


@pytest.mark.parametrize("upstream", [2.0, -2.0])
def test_noise_passes_the_gradient_unchanged(upstream: float):
    x = torch.linspace(-3, 3, 7, requires_grad=True)
    add_uniform_noise(x).backward(torch.full_like(x, upstream))
    assert x.grad.tolist() == [upstream] * 7


def test_noise_is_uniform_within_half_a_step():
    torch.manual_seed(0)
    noise = add_uniform_noise(torch.full((100_000,), 5.0)) - 5
    assert -0.5 <= noise.min() < -0.499
    assert 0.499 < noise.max() <= 0.5
    assert abs(noise.mean()) < 0.005
    assert noise.var().item() == pytest.approx(1 / 12, rel=0.02)
