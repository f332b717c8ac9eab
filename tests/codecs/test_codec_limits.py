"""Hopeless weights, values beyond every table, and the wrong number of strings."""

import pytest
import torch
from tiny_hybrids import inner_of, reconstruction

from litcodec.codecs import Codec
from litcodec.coding import SYMBOL_MAX
from litcodec.errors import CodecMismatch, Corrupt, FreezeError
from litcodec.frozen import FrozenCodec
from litcodec.latent_models import RefinedGroupModel
from litcodec.layers import convolutions_of
from litcodec.types import Compressed


@torch.no_grad()
def _multiply_latents(codec: Codec, factor: float) -> None:
    for parameter in convolutions_of(inner_of(codec).g_a)[-1].parameters():
        parameter.mul_(factor)


@torch.no_grad()
def _stop_refining(codec: Codec) -> None:
    """Where y_hat is refined after rounding: refine by nothing, so that the rounding itself is seen."""
    for model in inner_of(codec).modules():
        if isinstance(model, RefinedGroupModel):
            for parameter in model.lrp.parameters():
                parameter.zero_()


def test_an_ordinary_image_is_counted_symbol_by_symbol(codec: Codec, image_like):
    latents = codec.latents(image_like(64, 64))
    coded = codec.freeze().encode(image_like(64, 64))
    assert coded.symbols == latents.y.numel() + (0 if latents.z is None else latents.z.numel())
    assert coded.clipped == 0
    assert coded.escapes < coded.symbols


def test_symbols_outside_of_their_tables_escape_and_come_back(codec: Codec, image_like):
    _multiply_latents(codec, 300)
    _stop_refining(codec)
    frozen = codec.freeze()
    x = image_like(48, 80)
    coded = frozen.encode(x)
    assert coded.escapes > 0
    assert torch.equal(frozen.decode_latents(coded.strings, (48, 80)), coded.y_hat)
    # What came back is the latent itself, rounded: an escape loses nothing.
    y = codec.latents(x).y
    inside = coded.y_hat.abs() < SYMBOL_MAX / 2
    assert inside.float().mean() > 0.9
    assert (coded.y_hat - y)[inside].abs().max() <= 0.51


def test_symbols_beyond_the_largest_are_clipped_counted_and_still_agree(codec: Codec, image_like):
    _multiply_latents(codec, 1e4)
    frozen = codec.freeze()
    coded = frozen.encode(image_like(48, 80))
    assert 0 < coded.clipped <= coded.escapes <= coded.symbols
    assert torch.equal(frozen.decode_latents(coded.strings, (48, 80)), coded.y_hat)
    packed = frozen.compress(image_like(48, 80))
    assert torch.equal(frozen.decompress(packed), reconstruction(frozen, image_like(48, 80)))


@torch.no_grad()
def test_an_image_that_is_not_finite_is_refused(codec: Codec, image_like):
    for parameter in inner_of(codec).g_s.parameters():
        parameter.fill_(3e38)  # finite, but not what comes of it
    frozen = codec.freeze()
    packed = frozen.compress(image_like(16, 16))
    with pytest.raises(FreezeError, match="the decoded image is not finite"):
        frozen.decompress(packed)


@pytest.mark.parametrize("factor", [1e9, 1e20])
def test_absurd_latents_are_clipped_too(codec: Codec, factor: float, image_like):
    _multiply_latents(codec, factor)
    frozen = codec.freeze()
    coded = frozen.encode(image_like(16, 16))
    assert coded.clipped > 0
    assert torch.equal(frozen.decode_latents(coded.strings, (16, 16)), coded.y_hat)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_codec_with_one_bad_weight_cannot_be_frozen(codec: Codec, value: float):
    names = [name for name, _ in codec.named_parameters()]
    for name in names[:: len(names) // 12]:
        parameter = codec.get_parameter(name)
        kept = parameter.detach().clone()
        with torch.no_grad():
            parameter.flatten()[0] = value
        with pytest.raises(FreezeError, match=r"not finite|too large"):
            codec.freeze()
        with torch.no_grad():
            parameter.copy_(kept)
    codec.freeze()


def test_every_part_is_looked_at_for_bad_weights(codec: Codec):
    parts = {name.split(".")[0] for name, _ in codec.named_parameters()}
    for part in parts:
        parameter = next(getattr(codec, part).parameters())
        kept = parameter.detach().clone()
        with torch.no_grad():
            parameter.fill_(float("nan"))
        with pytest.raises(FreezeError, match="not finite"):
            codec.freeze()
        with torch.no_grad():
            parameter.copy_(kept)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_wrong_number_of_strings_is_another_codecs(
    codec: Codec, frozen: FrozenCodec, count: int, image_like
):
    (compressed,) = frozen.compress(image_like(16, 16))
    if count == len(compressed.strings):
        return
    wrong = Compressed((compressed.strings * 3)[:count], compressed.size)
    with pytest.raises(CodecMismatch, match=f"{count} strings, but a {codec.architecture.name} writes"):
        frozen.decompress([wrong])


def test_strings_of_another_size_are_corrupt_or_give_an_image_of_that_size(frozen: FrozenCodec, image_like):
    (compressed,) = frozen.compress(image_like(130, 140))
    for size in [(1, 1), (64, 64), (130, 300), (500, 500)]:
        try:
            x_hat = frozen.decompress([Compressed(compressed.strings, size)])
        except Corrupt:
            continue
        assert x_hat.shape == (1, 3, *size)
        assert x_hat.isfinite().all()


def test_strings_cut_short_are_corrupt_or_give_an_image(frozen: FrozenCodec, image_like):
    (compressed,) = frozen.compress(image_like(64, 64))
    caught = 0
    for latent, string in enumerate(compressed.strings):
        for length in range(0, len(string), 1 + len(string) // 25):
            strings = list(compressed.strings)
            strings[latent] = string[:length]
            try:
                x_hat = frozen.decompress([Compressed(tuple(strings), (64, 64))])
            except Corrupt:
                caught += 1
            else:
                assert x_hat.isfinite().all()
    assert caught > 0
