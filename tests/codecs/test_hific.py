"""HiFiC. What holds for every codec: as one of KINDS."""

import torch

from litcodec.codecs import HiFiC


def test_shapes_and_parameters_of_the_papers_size() -> None:
    with torch.device("meta"):
        codec = HiFiC()
    shapes = {name: tuple(p.shape) for name, p in codec.state_dict().items()}
    assert shapes["g_a.0.weight"] == (60, 3, 7, 7)
    assert shapes["g_a.12.weight"] == (960, 480, 3, 3)
    assert shapes["g_a.15.weight"] == (220, 960, 3, 3)
    assert shapes["g_s.1.weight"] == (960, 220, 3, 3)
    assert shapes["g_s.3.blocks.8.branch.3.weight"] == (960, 960, 3, 3)
    assert shapes["g_s.4.weight"] == (960, 480, 3, 3)
    assert shapes["g_s.16.weight"] == (3, 60, 7, 7)
    assert shapes["density.biases.0"] == (320, 3, 1)
    counts = [sum(p.numel() for p in part.parameters()) for part in (codec.g_a, codec.g_s, codec)]
    assert counts == [7_423_420, 156_774_683, 187_867_343]
    assert codec.downsampling_factor == 64


@torch.no_grad()
def test_what_a_pixel_looks_like_depends_on_no_other_images_pixels(image_like) -> None:
    """ChannelNorm has no statistics of an image: a crop far from a border decodes as within the whole."""
    torch.manual_seed(0)
    codec = HiFiC(N=4, M=6, hyper=4, blocks=1).eval()
    y_hat = codec.latents(image_like(64, 512)).y.round()
    whole, part = codec.g_s(y_hat), codec.g_s(y_hat[..., :16])
    torch.testing.assert_close(part[..., : 8 * 16], whole[..., : 8 * 16], rtol=1e-4, atol=1e-5)
