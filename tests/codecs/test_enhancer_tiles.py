"""A large image enhanced in tiles is what the whole would have been."""

import pytest
import torch
from torch import Tensor

from litcodec.frozen.enhance_tiles import enhance_in_tiles
from litcodec.transforms import GRDN

SIZES = {"C": 8, "growth": 8, "layers": 2, "blocks": 2, "groups": 1}


@pytest.fixture(params=[1, 2], ids=["scale 1", "scale 2"])
def net(request) -> GRDN:
    """One that changes images a lot, and weighs channels by what is anywhere in them."""
    torch.manual_seed(0)
    net = GRDN(**SIZES, scale=request.param).requires_grad_(False)
    net.tail.weight.mul_(500)
    net.attention.channel[2].weight.mul_(5)
    net.attention.spatial.weight.mul_(5)
    return net


@pytest.fixture
def x(image_like) -> Tensor:
    """Bright in one corner only: there, far from most tiles, is what the attention's maxima are of."""
    x = image_like(203, 171)
    x[..., :20, :20] += 2
    return x


@pytest.mark.parametrize("tile", [40, 64, 101])
def test_tiles_are_the_whole(net: GRDN, x: Tensor, tile: int, monkeypatch):
    whole = net(x)
    monkeypatch.setattr("litcodec.frozen.enhance_tiles.TILE", net.scale * tile)
    tiled = enhance_in_tiles(net, x)
    assert tiled.shape == whole.shape
    assert whole.std() > 0.2
    assert (tiled - whole).abs().max() <= 1e-5
    levels, levels_whole = ((v.clamp(0, 1) * 255).round() for v in (tiled, whole))
    assert (levels != levels_whole).float().mean() < 1e-3
    assert (levels - levels_whole).abs().max() <= 1


def test_with_too_little_about_them_they_are_not(net: GRDN, x: Tensor, monkeypatch):
    whole = net(x)
    monkeypatch.setattr("litcodec.frozen.enhance_tiles.TILE", net.scale * 40)
    monkeypatch.setattr(GRDN, "reach", 4)
    assert (enhance_in_tiles(net, x) - whole).abs().max() > 1e-5


def test_with_each_tiles_own_attention_they_are_not(net: GRDN, x: Tensor, monkeypatch):
    whole, enhance = net(x), net.enhance
    monkeypatch.setattr("litcodec.frozen.enhance_tiles.TILE", net.scale * 40)
    monkeypatch.setattr(net, "enhance", lambda part, pooled: enhance(part))
    assert (enhance_in_tiles(net, x) - whole).abs().max() > 1e-3


@pytest.mark.parametrize("scale", [1, 2])
def test_twelve_megapixels_never_need_more_at_once_than_a_tile_and_its_surroundings(scale: int, monkeypatch):
    with torch.device("meta"):  # shapes alone
        net, x = GRDN(scale=scale), torch.empty(1, 3, 3000 // scale, 4000 // scale)
    features, seen = net.features, []
    monkeypatch.setattr(net, "features", lambda part: seen.append(part.shape) or features(part))
    assert enhance_in_tiles(net, x).shape == (1, 3, 3000, 4000)
    assert len(seen) == 2 * 3 * 4
    assert max(max(shape[2:]) for shape in seen) <= 1024 // scale + 2 * (net.reach + 1)


def test_a_small_image_is_one_tile(monkeypatch):
    net, count = GRDN(**SIZES), []
    features = net.features
    monkeypatch.setattr(net, "features", lambda part: count.append(0) or features(part))
    enhance_in_tiles(net, torch.rand(1, 3, 33, 47))
    assert len(count) == 1
