"""Counts of latents against hand-made ones."""

import math

import pytest
import torch
from torch import Tensor

from litcodec.codecs import (
    Checkerboard,
    Codec,
    FactorizedPrior,
    JointAutoregressive,
    MeanScaleHyperprior,
    MixtureAutoregressive,
    ScaleHyperprior,
)
from litcodec.dashboard.latent_counts import channel_bpp, count_latents, dead_channels, entropy_scalars
from litcodec.dashboard.latent_figures import draw_channels, draw_densities


def _counted(
    codec: Codec, sizes: tuple[tuple[int, int], ...] = ((64, 64), (48, 80))
) -> tuple[list, list[Tensor]]:
    torch.manual_seed(1)
    images = [torch.rand(1, 3, *size) for size in sizes]
    codec.eval()
    frozen = codec.freeze()
    with torch.no_grad():
        return [
            count_latents(codec, x, frozen.encode(x), size=(x.shape[2], x.shape[3])) for x in images
        ], images


@pytest.fixture
def codec() -> Codec:
    torch.manual_seed(0)
    return MeanScaleHyperprior(N=8, M=12)


def test_bits_are_those_of_the_likelihoods(codec: Codec) -> None:
    counts, images = _counted(codec)
    with torch.no_grad():
        likelihoods = [codec(x).likelihoods for x in images]
    y_bits, z_bits = (
        sum(-torch.log2(pair[k].double()).sum().item() for pair in likelihoods) for k in range(2)
    )
    pixels = 64 * 64 + 48 * 80
    found = entropy_scalars(counts)
    assert found["entropy/y_bpp"] == pytest.approx(y_bits / pixels, rel=1e-6)
    assert found["entropy/z_bpp"] == pytest.approx(z_bits / pixels, rel=1e-6)
    assert found["entropy/y_share"] + found["entropy/z_share"] == pytest.approx(1.0)
    assert channel_bpp(counts).sum().item() == pytest.approx(y_bits / pixels, rel=1e-6)


def test_symbols_of_a_mixture_are_not_about_its_mean() -> None:
    torch.manual_seed(0)
    codec = MixtureAutoregressive(N=8, M=12)
    with torch.no_grad():
        codec.g_a[-1].weight *= 30
        codec.latent_model.y_model.entropy_parameters[-1].bias += 5  # means far from zero
    (counts,), (x,) = _counted(codec, ((64, 64),))
    y_hat = codec.freeze().encode(x).y_hat  # integers: what was coded
    assert y_hat.std() > 1
    assert torch.equal(counts.lowest, y_hat.amin(dim=(0, 2, 3)))
    assert torch.equal(counts.highest, y_hat.amax(dim=(0, 2, 3)))


def test_a_channel_that_never_changes_is_dead(codec: Codec) -> None:
    last = codec.g_a[-1]
    with torch.no_grad():
        last.weight *= 30  # all channels alive ...
        last.weight[3], last.bias[3] = 0, 0  # ... but this one
        codec.latent_model.h_s[-1].weight.zero_()
        codec.latent_model.h_s[-1].bias.zero_()
    counts, _ = _counted(codec)
    assert dead_channels(counts).nonzero().flatten().tolist() == [3]
    found = entropy_scalars(counts)
    assert found["entropy/dead_channels"] == 1
    assert found["entropy/dead_share"] == pytest.approx(1 / 12)


def test_a_channel_that_differs_between_images_is_alive() -> None:
    torch.manual_seed(0)
    codec = FactorizedPrior(N=8, M=12)
    with torch.no_grad():
        codec.g_a[-1].weight.zero_()
        codec.g_a[-1].bias.copy_(torch.arange(12.0))
    (first,), _ = _counted(codec, ((32, 32),))
    with torch.no_grad():
        codec.g_a[-1].bias[5] += 2
    (second,), _ = _counted(codec, ((32, 32),))
    assert dead_channels([first]).all()
    assert (~dead_channels([first, second])).nonzero().flatten().tolist() == [5]


def test_noise_costs_about_as_much_as_rounding_and_leaves_no_trace(codec: Codec) -> None:
    codec.train()
    codec.g_a[0].eval()  # somebody froze a layer
    modes = [module.training for module in codec.modules()]
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    frozen = codec.freeze()
    x = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        counts = count_latents(codec, x, frozen.encode(x), size=(64, 64))
    assert [module.training for module in codec.modules()] == modes
    torch.set_rng_state(state)
    assert torch.equal(torch.rand(3), expected)
    assert abs(entropy_scalars([counts])["entropy/noise_gap"]) < 0.5


def test_escapes_are_shares_of_all_symbols(codec: Codec) -> None:
    with torch.no_grad():
        codec.g_a[-1].weight *= 1e5
    counts, _ = _counted(codec, ((64, 64),))
    found = entropy_scalars(counts)
    symbols = 12 * 4 * 4 + 8
    assert counts[0].symbols == symbols
    assert found["entropy/escape_share"] == counts[0].escapes / symbols > 0


@pytest.mark.parametrize(
    "cls",
    [
        FactorizedPrior,
        ScaleHyperprior,
        MeanScaleHyperprior,
        JointAutoregressive,
        MixtureAutoregressive,
        Checkerboard,
    ],
)
def test_every_codec_can_be_counted_and_drawn(cls: type) -> None:
    torch.manual_seed(0)
    codec = cls(N=8, M=12)
    counts, _ = _counted(codec)
    found = entropy_scalars(counts)
    assert all(math.isfinite(value) for value in found.values())
    assert ("entropy/z_bpp" in found) == (cls is not FactorizedPrior)
    assert draw_channels(channel_bpp(counts), dead_channels(counts)).size == (800, 350)
    sample = torch.cat([image.outermost for image in counts], dim=1)
    assert draw_densities(codec.latent_model.density, sample).size == (900, 500)


def test_symbols_of_a_mixture_are_counted_as_they_are_coded() -> None:
    """Rounded about 0, not about the mixture's mean."""
    torch.manual_seed(0)
    codec = MixtureAutoregressive(N=8, M=12)
    with torch.no_grad():
        codec.latent_model.y_model.entropy_parameters[4].bias += 0.4  # means that would move symbols
    counts, (x, *_) = _counted(codec)
    y_hat = codec.freeze().encode(x).y_hat
    assert torch.equal(counts[0].lowest, y_hat.amin(dim=(0, 2, 3)))
    assert torch.equal(counts[0].highest, y_hat.amax(dim=(0, 2, 3)))
    latents = codec.latents(x)
    assert (torch.round(latents.y - latents.means_hat) != y_hat).any()
