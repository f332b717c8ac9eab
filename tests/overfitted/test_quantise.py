"""Soft rounding with noise, whose gradient is its own."""

import math

import torch

from litcodec.overfitted.quantise import noisy_round


def test_noisy_rounding_is_two_soft_roundings_with_noise_between_them_and_has_their_gradient():
    y = torch.linspace(-2.3, 2.4, 60, dtype=torch.float64, requires_grad=True)

    def soft(y: torch.Tensor) -> torch.Tensor:
        low = y.detach().floor()
        return low + 0.5 + torch.tanh((y - low - 0.5) / 0.3) * (0.5 / math.tanh(0.5 / 0.3))

    torch.manual_seed(0)
    found = noisy_round(y, 0.3, 0.2)
    torch.manual_seed(0)
    wanted = soft(soft(y) + 0.2 * torch.randn_like(y))
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(
        torch.autograd.grad(found.sum(), y), torch.autograd.grad(wanted.sum(), y), rtol=1e-9, atol=1e-12
    )


def test_cold_rounding_without_noise_is_rounding():
    y = torch.tensor([-1.4, -0.6, 0.2, 0.7, 3.0])
    assert noisy_round(y, 0.01, 0.0).tolist() == [-1.0, -1.0, 0.0, 1.0, 3.0]
