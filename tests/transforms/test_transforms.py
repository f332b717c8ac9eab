import pytest
import torch
from torch import nn

from litcodec.layers import GDN, FullPrecisionConv2d, SimplifiedGDN
from litcodec.transforms import (
    analysis,
    analysis_9x9,
    hyper_analysis,
    hyper_synthesis,
    mean_scale_hyper_analysis,
    mean_scale_hyper_synthesis,
    synthesis,
    synthesis_9x9,
)


@pytest.mark.parametrize("make", [analysis, analysis_9x9])
def test_analysis_makes_one_latent_for_16x16_pixels(make):
    assert make(N=4, M=6)(torch.zeros(2, 3, 64, 32)).shape == (2, 6, 4, 2)


@pytest.mark.parametrize("make", [synthesis, synthesis_9x9])
def test_synthesis_makes_16x16_pixels_of_one_latent(make):
    assert make(N=4, M=6)(torch.zeros(2, 6, 4, 2)).shape == (2, 3, 64, 32)


@pytest.mark.parametrize(
    ("h_a", "h_s", "outputs"),
    [
        (hyper_analysis, hyper_synthesis, 6),
        (mean_scale_hyper_analysis, mean_scale_hyper_synthesis, 12),
    ],
)
def test_hyper_transforms_change_resolution_by_4(h_a, h_s, outputs: int):
    assert h_a(N=4, M=6)(torch.zeros(2, 6, 8, 4)).shape == (2, 4, 2, 1)
    assert h_s(N=4, M=6)(torch.zeros(2, 4, 2, 1)).shape == (2, outputs, 8, 4)


def test_scales_of_the_scale_hyperprior_are_not_negative():
    torch.manual_seed(0)
    assert hyper_synthesis(N=4, M=6)(torch.randn(1, 4, 3, 3) * 20).min() == 0


@pytest.mark.parametrize("make", [analysis, analysis_9x9])
def test_the_latent_is_float32_under_autocast(make):
    with torch.autocast("cpu", torch.bfloat16):
        assert make(N=4, M=6)(torch.rand(1, 3, 32, 32)).dtype is torch.float32


@pytest.mark.parametrize("gdn", [GDN, SimplifiedGDN])
@pytest.mark.parametrize("make", [analysis, analysis_9x9, synthesis, synthesis_9x9])
def test_normalisation_alternates_with_convolutions(make, gdn: type[GDN]):
    layers = list(make(N=4, M=6, gdn=gdn))
    assert all(isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)) for layer in layers[::2])
    assert {type(layer) for layer in layers[1::2]} == {gdn}
    assert {layer.inverse for layer in layers[1::2]} == {make in (synthesis, synthesis_9x9)}


def test_layers_of_the_first_paper():
    g_a = analysis_9x9(N=4, M=6)
    assert [(m.kernel_size[0], m.stride[0]) for m in g_a[::2]] == [(9, 4), (5, 2), (5, 2)]
    assert g_a[-1].bias is None
    assert isinstance(g_a[-1], FullPrecisionConv2d)
    g_s = synthesis_9x9(N=4, M=6)
    assert [(m.kernel_size[0], m.stride[0]) for m in g_s[::2]] == [(5, 2), (5, 2), (9, 4)]
