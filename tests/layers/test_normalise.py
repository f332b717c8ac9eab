import pytest
import torch
from torch import nn

from litcodec.errors import ShapeError
from litcodec.layers import ChannelNorm, InstanceNorm, NormalisedResidualBlocks


def test_channel_norm_has_unbiased_statistics_of_each_pixels_channels() -> None:
    torch.manual_seed(0)
    norm = ChannelNorm(5)
    nn.init.normal_(norm.gamma), nn.init.normal_(norm.beta)
    x = torch.randn(2, 5, 3, 4, dtype=torch.float64).float() * 3 + 1
    found = norm(x)
    for b, row, column in ((0, 0, 0), (1, 2, 3)):
        v = x[b, :, row, column].double()
        expected = (v - v.mean()) / (v.var(unbiased=True) + 1e-3).sqrt() * norm.gamma + norm.beta
        torch.testing.assert_close(found[b, :, row, column].double(), expected, rtol=1e-5, atol=1e-5)


def test_one_channel_has_no_variance() -> None:
    with pytest.raises(ShapeError, match="got 1"):
        ChannelNorm(1)


def test_instance_norm_is_torchs_where_that_is_defined() -> None:
    x = torch.randn(2, 5, 6, 4) * 3 + 1
    torch.testing.assert_close(InstanceNorm(5)(x), nn.InstanceNorm2d(5)(x), rtol=1e-5, atol=1e-5)
    assert torch.equal(InstanceNorm(5)(x[..., :1, :1]), torch.zeros(2, 5, 1, 1))


@pytest.mark.parametrize("norm", [ChannelNorm, InstanceNorm])
def test_statistics_stay_float32_under_autocast(norm) -> None:
    x = 300 + torch.randn(1, 8, 16, 16)  # in bfloat16 the variance of these would be lost
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        found = norm(8)(x)
    assert float(found.std()) == pytest.approx(1, abs=0.1)


def test_blocks_add_to_what_comes_in() -> None:
    blocks = NormalisedResidualBlocks(4, blocks=3, norm=ChannelNorm)
    for block in blocks.blocks:
        nn.init.zeros_(block.branch[-1].gamma)
    x = torch.randn(1, 4, 5, 5)
    assert torch.equal(blocks(x), 2 * x)  # each block is the identity, and the whole is skipped too
