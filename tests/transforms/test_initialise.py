"""Initial weights."""

import pytest
import torch

from litcodec.codecs import HiFiC, PatchGenerator, TransformCodec


@pytest.mark.parametrize("kind", [HiFiC, PatchGenerator])
@torch.no_grad()
def test_a_new_encoder_sees_how_bright_an_image_is(kind: type[TransformCodec], image_like) -> None:
    """Without biases, ChannelNorm takes an image and one half as bright for the same: y differs by 0.2 %."""
    torch.manual_seed(0)
    codec, x = kind(N=8, M=12).eval(), image_like(64, 64)
    bright, dark = codec.g_a(x), codec.g_a(x / 2)
    assert (bright - dark).std() > 0.1 * bright.std()
