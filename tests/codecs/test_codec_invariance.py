"""The same strings and the same latents, however the codec is run."""

import copy
from collections.abc import Sequence

import pytest
import torch
from tiny_hybrids import inner_of

from litcodec.codecs import Codec
from litcodec.frozen import FrozenCodec
from litcodec.types import Compressed


def _decoded(frozen: FrozenCodec, packed: Sequence[Compressed]) -> torch.Tensor:
    return torch.cat([frozen.decode_latents(c.strings, c.size) for c in packed])


def test_strings_and_latents_do_not_depend_on_threads(frozen: FrozenCodec, image_like, threads):
    x = image_like(255, 257)
    threads(1)
    one = frozen.compress(x)
    latents, pixels = _decoded(frozen, one), frozen.decompress(one)
    threads(2)
    assert frozen.compress(x) == one
    assert torch.equal(_decoded(frozen, one), latents)
    assert (frozen.decompress(one) - pixels).abs().max() < 1e-5


def test_freezing_does_not_depend_on_threads(codec: Codec, threads):
    threads(1)
    one = codec.freeze().fingerprint
    threads(2)
    assert codec.freeze().fingerprint == one


def test_strings_and_latents_do_not_depend_on_the_batch(frozen: FrozenCodec, image_like):
    x = image_like(70, 90, batch=4)
    together = frozen.compress(x)
    alone = tuple(frozen.compress(image[None])[0] for image in x)
    assert together == alone
    assert torch.equal(frozen.decompress(together), torch.cat([frozen.decompress([c]) for c in alone]))
    assert len(set(together)) == 4


def test_strings_and_latents_do_not_depend_on_the_images_memory(frozen: FrozenCodec, image_like):
    x = image_like(70, 90, batch=2)
    packed = frozen.compress(x)
    assert frozen.compress(x.contiguous(memory_format=torch.channels_last)) == packed
    assert frozen.compress(x.flip(3).contiguous().flip(3)) == packed
    assert frozen.compress(x.double()) == packed


def test_strings_and_latents_do_not_depend_on_autocast(frozen: FrozenCodec, image_like):
    x = image_like(70, 90)
    packed = frozen.compress(x)
    latents, pixels = _decoded(frozen, packed), frozen.decompress(packed)
    with torch.autocast("cpu", torch.bfloat16):
        assert frozen.compress(x) == packed
        assert torch.equal(_decoded(frozen, packed), latents)
        inside = frozen.decompress(packed)
    assert inside.dtype is torch.float32
    assert torch.equal(inside, pixels)


def test_freezing_does_not_depend_on_autocast(codec: Codec, image_like):
    with torch.autocast("cpu", torch.bfloat16):
        inside = codec.freeze()
    outside = codec.freeze()
    assert inside.fingerprint == outside.fingerprint
    assert inside.compress(image_like(70, 90)) == outside.compress(image_like(70, 90))


def test_freezing_does_not_depend_on_train_or_eval_mode(codec: Codec, image_like):
    packed = codec.freeze().compress(image_like(40, 40))
    assert codec.train().freeze().compress(image_like(40, 40)) == packed


def test_compressing_twice_gives_the_same_strings(frozen: FrozenCodec, image_like):
    assert frozen.compress(image_like(40, 40)) == frozen.compress(image_like(40, 40))


def test_the_fingerprint_tells_decoders_apart_and_nothing_else(codec: Codec):
    fingerprint = codec.freeze().fingerprint
    assert len(fingerprint) == 8
    assert codec.freeze().fingerprint == fingerprint
    of_hyperpriors = ["latent_model.h_s"] if hasattr(inner_of(codec).latent_model, "h_s") else []
    encoder = copy.deepcopy(codec)
    with torch.no_grad():
        next(inner_of(encoder).g_a.parameters())[0, 0, 0, 0] += 0.5
    assert encoder.freeze().fingerprint == fingerprint  # another encoder, the same decoder
    for part in ("g_s", "latent_model.density", *of_hyperpriors):
        other = copy.deepcopy(codec)
        with torch.no_grad():
            for parameter in inner_of(other).get_submodule(part).parameters():
                parameter.mul_(1.01)
        assert other.freeze().fingerprint != fingerprint


# --- strips: H is 13 latent rows for the factorized prior, 16 for the others ---


@pytest.mark.parametrize("pixels", [1, 5_000, 20_000, 40_000])
def test_an_image_in_strips_has_the_strings_of_the_whole(
    frozen: FrozenCodec, pixels: int, image_like, monkeypatch
):
    x = image_like(201, 311)
    whole = frozen.encode(x)
    monkeypatch.setattr("litcodec.latent_coding.strips.STRIP_PIXELS", pixels)
    cut = frozen.encode(x)
    assert cut.strings == whole.strings
    assert torch.equal(cut.y_hat, whole.y_hat)
    assert torch.equal(frozen.decode_latents(whole.strings, (201, 311)), whole.y_hat)


@pytest.mark.parametrize("pixels", [1, 5_000, 20_000, 40_000])
def test_an_image_in_strips_has_the_pixels_of_the_whole(
    frozen: FrozenCodec, pixels: int, image_like, monkeypatch
):
    packed = frozen.compress(image_like(201, 311))
    whole = frozen.decompress(packed)
    monkeypatch.setattr("litcodec.latent_coding.strips.STRIP_PIXELS", pixels)
    cut = frozen.decompress(packed)
    assert cut.shape == whole.shape
    assert (cut - whole).abs().max() < 1e-5
