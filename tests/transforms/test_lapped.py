"""The lapped transform that training starts from: orthonormal, invertible at every size, without a grid."""

import math

import pytest
import torch

from litcodec.layers import SeparableBlock
from litcodec.transforms import (
    BorderFilter,
    cosine_analysis,
    cosine_synthesis,
    lapped_analysis,
    lapped_synthesis,
)
from litcodec.transforms.lapped import border_filter

STEP = 0.18


def test_the_border_filter_is_orthonormal_and_keeps_constants() -> None:
    matrix = border_filter().double()
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(16).double(), rtol=0, atol=1e-6)
    torch.testing.assert_close(matrix.sum(dim=1), torch.ones(16).double(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [(16, 16), (16, 48), (64, 16), (64, 96)])
def test_the_inverse_filter_undoes_the_filter_up_to_image_borders(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    x = torch.rand(2, 3, *size)
    filtered = BorderFilter(inverse=False)(x)
    assert (BorderFilter(inverse=True)(filtered) - x).abs().max() < 2e-6
    assert (filtered == x).all() == (size == (16, 16))
    assert torch.equal(filtered[..., :8, :8], x[..., :8, :8])


@torch.no_grad()
def test_with_all_basis_functions_the_start_reconstructs_perfectly() -> None:
    torch.manual_seed(0)
    x = torch.rand(1, 3, 64, 80)
    g_a = lapped_analysis(M=768, step=STEP, blocks=1)
    g_s = lapped_synthesis(M=768, step=STEP, blocks=1)
    for block in (layer for net in (g_a, g_s) for layer in net if isinstance(layer, SeparableBlock)):
        block.contract.weight.zero_()
    assert (g_s(g_a(x)) - x).abs().max() < 5e-6


@torch.no_grad()
def test_rounded_coefficients_leave_no_step_at_borders_where_the_dct_does() -> None:
    """Of a smooth slope, coarsely quantised: steps across 16x16 borders over those one pixel beside."""
    rows, columns = torch.meshgrid(torch.arange(128.0), torch.arange(128.0), indexing="ij")
    x = (0.5 + 0.2 * torch.sin(rows / 40 + 0.3) * torch.cos(columns / 55)).expand(1, 3, -1, -1)
    torch.manual_seed(0)
    ratios = []
    for analysis, synthesis in (
        (cosine_analysis(M=320, step=1.0), cosine_synthesis(M=320, step=1.0)),
        (lapped_analysis(M=320, step=1.0, blocks=1), lapped_synthesis(M=320, step=1.0, blocks=1)),
    ):
        steps = synthesis(analysis(x).round()).diff(dim=3).abs().mean(dim=(0, 1, 2))
        across, beside = steps[15::16], (steps[14:-1:16] + steps[16::16]) / 2
        ratios.append(float(across.mean() / beside.mean()))
    assert ratios[0] > 3
    assert ratios[1] < 1.25


@torch.no_grad()
def test_rounding_costs_no_more_than_in_an_orthonormal_basis(image_like) -> None:
    torch.manual_seed(0)
    x = image_like(128, 128, seed=3)
    y = lapped_analysis(M=768, step=STEP, blocks=1)(x)
    noise = torch.rand_like(y) - 0.5
    x_hat = lapped_synthesis(M=768, step=STEP, blocks=1)(y + noise)
    assert float((x_hat - x).square().mean()) == pytest.approx(STEP**2 / 12, rel=0.05)
    assert math.isfinite(float(y.sum()))
