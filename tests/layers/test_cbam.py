import pytest
import torch

from litcodec.layers import CBAM


@pytest.mark.parametrize(("channels", "hidden"), [(4, 1), (32, 2), (64, 4)])
def test_the_channels_gate_has_a_sixteenth_of_the_channels_and_at_least_one(channels: int, hidden: int):
    layer = CBAM(channels)
    shapes = {name: tuple(p.shape) for name, p in layer.named_parameters()}
    assert shapes["channel.0.weight"] == (hidden, channels)
    assert shapes["channel.2.weight"] == (channels, hidden)
    assert shapes["spatial.weight"] == (1, 2, 7, 7)


def test_a_gate_only_ever_shrinks_and_keeps_the_sign():
    torch.manual_seed(0)
    v = torch.randn(2, 8, 12, 9)
    out = CBAM(8)(v)
    assert out.shape == v.shape
    assert (out.abs() <= v.abs()).all()
    assert (out * v >= 0).all()


@torch.no_grad()
def test_a_part_is_weighed_as_in_the_whole_if_told_what_the_whole_pools():
    torch.manual_seed(0)
    layer, v = CBAM(8), torch.randn(1, 8, 40, 40)
    whole, part = layer(v), v[..., 10:30, 5:35]
    inside = (..., slice(3, -3), slice(3, -3))  # the 7x7 gate sees three pixels further
    told = layer(part, layer.pool(v))[inside]
    torch.testing.assert_close(told, whole[..., 13:27, 8:32])
    assert (layer(part)[inside] - whole[..., 13:27, 8:32]).abs().max() > 1e-4  # and not if not told
