"""The networks of one image: strips and gradients."""

import pytest
import torch

from litcodec.overfitted import PRESETS, model
from litcodec.overfitted.entropy_network import features_of, surround
from litcodec.overfitted.model import Networks, backward
from litcodec.overfitted.presets import grid_sizes


def _grids(H: int, W: int, levels: int) -> list[torch.Tensor]:
    return [torch.randn(size).mul(2).requires_grad_() for size in grid_sizes(H, W, levels)]


@pytest.mark.parametrize("size", [(1, 1), (33, 47), (64, 40)])
@pytest.mark.parametrize("preset", ["lop", "mop"])
def test_strips_make_the_image_that_the_whole_makes(
    size: tuple[int, int], preset: str, monkeypatch: pytest.MonkeyPatch
):
    torch.manual_seed(0)
    networks, y = Networks(PRESETS[preset], 5), _grids(*size, 5)
    whole = networks.reconstruct(y)
    monkeypatch.setattr(model, "STRIP", 6 * size[1])
    assert whole.shape == (1, 3, *size)
    torch.testing.assert_close(networks.reconstruct(y), whole, rtol=1e-5, atol=1e-5)


def test_a_step_has_the_gradients_of_the_loss(monkeypatch: pytest.MonkeyPatch):
    torch.manual_seed(0)
    networks, y, x = Networks(PRESETS["lop"], 5), _grids(33, 46, 5), torch.rand(1, 3, 33, 46)
    others = [p for name, p in networks.named_parameters() if name != "upsampling.taps"]
    bits = sum(networks.entropy.bits(surround(y[k]), features_of(y, k)) for k in range(5))
    mse = (networks.reconstruct(y) - x).square().mean()
    wanted = torch.autograd.grad(mse + 0.01 * bits / x[0, 0].numel(), [*y, *others])
    monkeypatch.setattr(model, "STRIP", 8 * 46)
    found = backward(networks, y, x, 0.01)
    assert found.mse == pytest.approx(mse.item(), rel=1e-5)
    assert found.bits == pytest.approx(bits.item(), rel=1e-5)
    for tensor, gradient in zip([*y, *others], wanted, strict=True):
        assert tensor.grad is not None
        torch.testing.assert_close(tensor.grad, gradient, rtol=1e-3, atol=1e-6)
    assert networks.upsampling.taps.grad is not None
    assert (networks.upsampling.taps.grad.abs().sum(1) > 0).all()
