import pytest
import torch

from litcodec.latent_coding.coding_order import KnownValues, by_position, coding_order_of
from litcodec.layers import CausalConv2d

SIZES = [(1, 1, 1), (1, 4, 4), (2, 4, 8), (1, 12, 4), (1, 1, 9), (1, 9, 1), (3, 5, 2)]


@pytest.mark.parametrize(("B", "h", "w"), SIZES)
def test_every_place_comes_once_and_after_all_that_it_sees(B: int, h: int, w: int):
    offsets = CausalConv2d(1, 1).offsets()
    step_of = torch.full((B, h, w), -1)
    for step, places in enumerate(coding_order_of(offsets).steps(torch.zeros(B, 5, h, w))):
        assert (step_of.flatten()[places] == -1).all()
        assert torch.equal(places, places.sort().values)
        step_of.view(-1)[places] = step
    assert (step_of >= 0).all()
    for row in range(h):
        for column in range(w):
            for down, right in offsets:
                seen = (row + down, column + right)
                if 0 <= seen[0] and 0 <= seen[1] < w:
                    assert (step_of[:, seen[0], seen[1]] < step_of[:, row, column]).all()


@pytest.mark.parametrize(("h", "w", "steps"), [(32, 48, 141), (48, 32, 173), (4, 4, 13), (1, 7, 7)])
def test_there_are_w_plus_three_times_h_minus_one_steps(h: int, w: int, steps: int):
    assert steps == w + 3 * (h - 1)
    assert (
        sum(1 for _ in coding_order_of(CausalConv2d(1, 1).offsets()).steps(torch.zeros(2, 1, h, w))) == steps
    )


@pytest.mark.parametrize(("B", "h", "w"), SIZES)
def test_the_context_of_known_values_is_what_a_masked_convolution_sees(B: int, h: int, w: int):
    torch.manual_seed(0)
    layer = CausalConv2d(3, 4)
    y = torch.randn(B, 3, h, w)
    known = KnownValues(y.shape, layer.offsets())
    assert (known.all() == 0).all()
    everywhere = torch.arange(B * h * w)
    known.put(everywhere, by_position(y))
    assert torch.equal(known.all(), y)
    found = layer.pointwise()(known.context(everywhere)[:, :, None, None])[:, :, 0, 0]
    torch.testing.assert_close(found, by_position(layer(y)), rtol=0, atol=1e-5)
