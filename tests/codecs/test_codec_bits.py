"""``bits`` says what ``compress`` will cost, symbol by symbol."""

import torch
from tiny_hybrids import inner_of

from litcodec.codecs import Codec
from litcodec.coding import SYMBOL_MAX
from litcodec.frozen import FrozenCodec
from litcodec.layers import convolutions_of


def test_the_bits_of_all_symbols_are_the_length_of_the_strings(frozen: FrozenCodec, image_like):
    x = image_like(255, 257, seed=2)
    bits = frozen.bits(x)
    strings = frozen.encode(x).strings[: len(bits)]  # all but a hybrid's choice
    for latent, string in zip(bits, strings, strict=True):
        information = float(latent.double().sum()) / 8
        assert information - 1 <= len(string) <= 1.005 * information + 8


def test_bits_are_shaped_like_the_latents(codec: Codec, frozen: FrozenCodec, image_like):
    x = image_like(64, 128, seed=3)
    latents = codec.latents(x)
    shapes = [tuple(v.shape) for v in (latents.y, latents.z) if v is not None]
    assert [tuple(latent.shape) for latent in frozen.bits(x)] == shapes


def test_escapes_cost_what_they_are_coded_with(codec: Codec, image_like):
    with torch.no_grad():
        convolutions_of(inner_of(codec).g_a)[-1].weight.mul_(200)  # far outside of the tables
    frozen, x = codec.freeze(), image_like(128, 128, seed=4)
    coded = frozen.encode(x)
    assert coded.escapes > 100
    assert coded.y_hat.abs().max() < 2 * SYMBOL_MAX
    information = sum(float(latent.double().sum()) for latent in frozen.bits(x)) / 8
    length = sum(map(len, coded.strings))
    assert information - 1 <= length <= 1.005 * information + 16
