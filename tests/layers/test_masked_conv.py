import pytest
import torch

from litcodec.layers import CausalConv2d, CheckerboardConv2d, MaskedConv2d

CAUSAL = ("#####", "#####", "##...", ".....", ".....")
CHECKERBOARD = (".#.#.", "#.#.#", ".#.#.", "#.#.#", ".#.#.")


@pytest.fixture(params=[CausalConv2d, CheckerboardConv2d])
def layer(request) -> MaskedConv2d:
    torch.manual_seed(0)
    return request.param(3, 4).double()


@pytest.mark.parametrize(
    ("layer", "drawn"), [(CausalConv2d, CAUSAL), (CheckerboardConv2d, CHECKERBOARD)], indirect=["layer"]
)
def test_a_place_sees_what_is_drawn_and_nothing_else(layer: MaskedConv2d, drawn: tuple[str, ...]):
    x = torch.randn(1, 3, 7, 7).double().requires_grad_()
    layer(x)[0, :, 3, 3].sum().backward()
    seen = x.grad.abs().sum(1)[0] > 0
    expected = torch.zeros(7, 7, dtype=torch.bool)
    expected[1:6, 1:6] = torch.tensor([[tap == "#" for tap in row] for row in drawn])
    assert torch.equal(seen, expected)
    assert expected.sum() == 12
    assert [[row + 3, column + 3] for row, column in layer.offsets()] == expected.nonzero().tolist()


def test_weights_behind_the_mask_have_no_effect_and_no_gradient(layer: MaskedConv2d):
    x = torch.randn(2, 3, 5, 6).double()
    before = layer(x)
    before.sum().backward()
    hidden = layer.mask == 0
    assert hidden.sum() == 13
    assert (layer.weight.grad[..., hidden] == 0).all()
    with torch.no_grad():
        layer.weight[..., hidden] = 100
    assert torch.equal(layer(x), before)


def test_the_pointwise_form_gives_the_same_of_gathered_neighbours(layer: MaskedConv2d):
    x = torch.randn(1, 3, 6, 8).double()
    padded = torch.nn.functional.pad(x, (2, 2, 2, 2))
    gathered = torch.cat([padded[:, :, 2 + r : 8 + r, 2 + c : 10 + c] for r, c in layer.offsets()], dim=1)
    torch.testing.assert_close(layer.pointwise()(gathered), layer(x))


def test_the_mask_is_not_saved(layer: MaskedConv2d):
    assert set(layer.state_dict()) == {"weight", "bias"}
