import pytest
import torch

from litcodec.latent_coding.coding_order import KnownValues, by_position, checkerboard
from litcodec.latent_coding.coding_order import checkerboard_anchors as anchors
from litcodec.layers import CheckerboardConv2d

SIZES = [(1, 1), (1, 2), (5, 1), (4, 7), (3, 3)]


@pytest.mark.parametrize(("h", "w"), SIZES)
def test_every_place_comes_once_and_after_all_that_it_sees_but_anchors(h: int, w: int):
    y = torch.zeros(1, 3, h, w)
    steps = list(checkerboard(y))
    assert torch.equal(torch.cat(steps).sort().values, torch.arange(h * w))
    is_anchor = anchors(y).flatten()
    assert is_anchor[0]
    assert is_anchor[steps[0]].all()
    assert len(steps) == 1 or not is_anchor[steps[1]].any()
    for row in range(h):
        for column in range(w):
            for down, right in CheckerboardConv2d(1, 1).offsets():
                seen = (row + down, column + right)
                if 0 <= seen[0] < h and 0 <= seen[1] < w:
                    assert anchors(y)[seen] != anchors(y)[row, column]


def test_steps_of_a_large_latent_are_cut_so_that_memory_is_bounded():
    """12 megapixels: a step's contexts are 1024 x 12 x M numbers."""
    steps = list(checkerboard(torch.zeros(1, 1, 188, 252)))
    assert [len(step) for step in steps] == 2 * (23 * [1024] + [136])


@pytest.mark.parametrize(("h", "w"), SIZES)
def test_the_context_of_known_values_is_what_the_masked_convolution_sees(h: int, w: int):
    torch.manual_seed(0)
    layer = CheckerboardConv2d(3, 4)
    y = torch.randn(1, 3, h, w)
    known = KnownValues(y.shape, layer.offsets())
    everywhere = torch.arange(h * w)
    known.put(everywhere, by_position(y))
    assert torch.equal(known.all(), y)
    found = layer.pointwise()(known.context(everywhere)[:, :, None, None])[:, :, 0, 0]
    torch.testing.assert_close(found, by_position(layer(y)), rtol=0, atol=1e-5)
