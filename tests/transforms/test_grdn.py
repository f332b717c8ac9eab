"""The enhancer: its layers, its cost, its start, how far it sees."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.errors import ShapeError
from litcodec.layers.cbam import Pooled
from litcodec.transforms import GRDN, double, halve

TINY = {"C": 4, "growth": 4, "layers": 2, "blocks": 2, "groups": 2}
PAPER = {"C": 64, "growth": 64, "layers": 8, "blocks": 4, "groups": 4}
MEDIUM = {"C": 64, "growth": 32, "layers": 4, "blocks": 3, "groups": 3}
SMALL = {"C": 32, "growth": 16, "layers": 3, "blocks": 3, "groups": 2}


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("size", [(1, 1), (1, 6), (17, 32), (32, 17)])
def test_an_image_of_any_size_goes_in(scale: int, size: tuple[int, int]):
    out = GRDN(**TINY, scale=scale)(torch.rand(2, 3, *size))
    assert out.shape == (2, 3, scale * size[0], scale * size[1])


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("sizes", [TINY, SMALL])
def test_untrained_it_changes_almost_nothing_and_every_weight_gets_a_gradient(sizes, scale: int, image_like):
    torch.manual_seed(0)
    net, x = GRDN(**sizes, scale=scale), image_like(32, 32, batch=2)
    out = net(x)
    assert 0 < (out - (x if scale == 1 else double(x))).abs().max() < 1e-2
    (out * torch.randn(out.shape)).sum().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@torch.no_grad()
@pytest.mark.parametrize("scale", [1, 2])
def test_it_computes_what_the_paper_describes(scale: int):
    torch.manual_seed(0)
    net, x = GRDN(**TINY, scale=scale), torch.rand(1, 3, 12, 16)
    for parameter in net.parameters():
        parameter.copy_(torch.randn(parameter.shape) * 0.3)
    torch.testing.assert_close(net(x), _by_the_paper(net.state_dict(), x, scale))


def _by_the_paper(weights: dict[str, Tensor], x: Tensor, scale: int) -> Tensor:
    """Layer by layer, with functions alone."""

    def conv(name: str, v: Tensor, **options: int) -> Tensor:
        return F.conv2d(v, weights[f"{name}.weight"], weights.get(f"{name}.bias"), **options)

    v = conv("head", x, padding=1)
    v = conv("down", v, stride=2, padding=1) if scale == 1 else v
    for group in range(TINY["groups"]):
        found, out = [], v
        for block in range(TINY["blocks"]):
            name, seen = f"groups.{group}.blocks.{block}", [out]
            for layer in range(TINY["layers"]):
                seen.append(conv(f"{name}.dense.{layer}", torch.cat(seen, 1), padding=1).relu())
            out = out + conv(f"{name}.fuse", torch.cat(seen, 1))
            found.append(out)
        v = v + conv(f"groups.{group}.fuse", torch.cat(found, 1))
    if scale == 1:
        v = F.conv_transpose2d(v, weights["up.weight"], weights["up.bias"], stride=2, padding=1)

    def hidden(pooled: Tensor) -> Tensor:
        inner = F.linear(pooled, weights["attention.channel.0.weight"], weights["attention.channel.0.bias"])
        outer = weights["attention.channel.2.weight"], weights["attention.channel.2.bias"]
        return F.linear(inner.relu(), *outer)

    gate = hidden(v.mean((2, 3))) + hidden(v.amax((2, 3)))
    v = v * gate.sigmoid()[..., None, None]
    about = torch.cat([v.amax(1, keepdim=True), v.mean(1, keepdim=True)], 1)
    v = conv("tail", v * conv("attention.spatial", about, padding=3).sigmoid(), padding=1)
    if scale == 1:
        return x + v
    return F.interpolate(x, scale_factor=2, mode="bicubic") + F.pixel_shuffle(v, 2)


@pytest.mark.parametrize(
    ("sizes", "scale", "millions", "kilomacs"),
    [
        (SMALL, 1, 0.181, 46.5),
        (MEDIUM, 1, 1.44, 363),
        (PAPER, 1, 22.0, 5500),  # Kim et al.'s network
        (SMALL, 2, 0.151, 37.6),
        (MEDIUM, 2, 1.32, 329),
        (PAPER, 2, 21.9, 5470),
    ],
)
def test_presets_cost_what_is_said_of_them(sizes, scale: int, millions: float, kilomacs: float):
    with torch.device("meta"):
        net, x = GRDN(**sizes, scale=scale), torch.empty(1, 3, 32 // scale, 32 // scale)
    assert sum(p.numel() for p in net.parameters()) == pytest.approx(millions * 1e6, rel=0.01)
    macs = []

    def count(module: nn.Module, inputs: tuple[Tensor], out: Tensor) -> None:
        places = inputs[0] if isinstance(module, nn.ConvTranspose2d) else out
        macs.append(module.get_parameter("weight").numel() * places.shape[2] * places.shape[3])

    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            module.register_forward_hook(count)
    net(x)
    assert sum(macs) / 32**2 == pytest.approx(kilomacs * 1e3, rel=0.01)  # per pixel of what comes out


@pytest.mark.parametrize("scale", [1, 2])
def test_it_sees_exactly_as_far_as_it_says(scale: int):
    net = GRDN(C=4, growth=4, layers=2, blocks=1, groups=2, scale=scale)
    with torch.no_grad():
        for parameter in net.parameters():  # no two effects cancel, no rectifier is shut
            parameter.copy_(parameter.abs() * 0.1 + 0.01)
    pooled, seen = Pooled(torch.ones(1, 4), torch.ones(1, 4)), []
    for place in range(46, 50):  # even and odd: they see by one pixel differently far
        x = torch.rand(1, 3, 96 // scale, 96 // scale, requires_grad=True)
        net.enhance(x, pooled)[0, 0, place, place].backward()
        where = x.grad.abs().sum(dim=(0, 1)).nonzero()
        seen += [place // scale - int(where.min()), int(where.max()) - place // scale]
    assert max(seen) == net.reach


def test_sizes_without_sense_are_refused():
    with pytest.raises(ShapeError, match=r"scale is 1 or 2; got .* and 3"):
        GRDN(scale=3)
    with pytest.raises(ShapeError, match="1 or more"):
        GRDN(layers=0)


def test_output_is_float32_under_autocast(image_like):
    with torch.autocast("cpu", torch.bfloat16):
        assert GRDN(**TINY)(image_like(8, 8)).dtype is torch.float32


def test_halving_takes_means_and_repeats_the_border_of_odd_sides():
    x = torch.tensor([[1.0, 3, 5], [5, 7, 9], [2, 4, 6]]).expand(1, 3, 3, 3)
    assert halve(x)[0, 0].tolist() == [[4, 7], [3, 6]]


def test_doubling_what_was_halved_keeps_the_image_in_its_place(image_like):
    x = image_like(64, 64)
    error = (double(halve(x)) - x).square().mean()
    for shift in (1, -1):  # an image half a pixel off would fit a shifted one better
        assert error < 0.5 * (double(halve(x)) - x.roll(shift, dims=3)).square().mean()
    assert error < 0.003
