"""Hybrids in training: which image is coded, what is enhanced, what learns, what bits are counted."""

import copy

import pytest
import torch
from tiny_hybrids import SIZES, make_enhancer_lively, tiny_hybrid

from litcodec.codecs import FactorizedPrior, HybridCodec
from litcodec.entropy import MixedQuantiser, StraightThroughQuantiser
from litcodec.errors import ShapeError
from litcodec.objectives import bits_per_pixel, mse
from litcodec.transforms import GRDN, double, halve

KINDS = {
    "enhancing": {"scale": 1},
    "doubling": {"scale": 2},
    "choosing": {"scale": 2, "native": True},
}


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def codec(request, image_like) -> HybridCodec:
    torch.manual_seed(0)
    codec = tiny_hybrid(**request.param).eval()
    make_enhancer_lively(codec, image_like(64, 64))
    return codec


@torch.no_grad()
@pytest.mark.parametrize("part", ["inner", "enhancer", "all"])
@pytest.mark.parametrize("size", [(1, 1), (17, 33), (64, 96)])
def test_images_of_any_size_come_back_in_it(codec: HybridCodec, part, size: tuple[int, int], image_like):
    for mode in (codec.eval(), codec.train()):
        assert mode(image_like(*size, batch=3), part).x_hat.shape == (3, 3, *size)


@torch.no_grad()
def test_in_use_the_enhancer_works_upon_what_the_inner_codec_decodes(codec: HybridCodec, image_like):
    x = image_like(67, 90, batch=2)
    small = x if codec.scale == 1 else halve(x)
    inner = codec.inner(small)
    decoded, likelihoods = inner.x_hat, inner.likelihoods
    output = codec(x)
    assert torch.equal(output.x_hat, codec.enhancer(decoded)[..., :67, :90])
    for ours, inners in zip(output.likelihoods, likelihoods, strict=True):
        assert torch.equal(ours, inners)
    alone = codec(x, "inner").x_hat
    assert torch.equal(alone, decoded if codec.scale == 1 else double(decoded)[..., :67, :90])
    assert (output.x_hat - alone).abs().mean() > 0.005  # or the enhancer would be shown to do nothing
    assert torch.equal(codec.latents(x).y, codec.inner.latents(small).y)


@torch.no_grad()
def test_bits_are_counted_per_pixel_of_the_true_image(codec: HybridCodec, image_like):
    x = image_like(67, 90, batch=2)
    small = x if codec.scale == 1 else halve(x)
    bits = bits_per_pixel(codec.inner(small)) * small.shape[2] * small.shape[3]
    assert float(bits_per_pixel(codec(x))) == pytest.approx(float(bits) / (67 * 90), rel=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("part", ["inner", "all"])
def test_half_of_a_batch_trains_at_its_own_size_where_there_is_a_choice(part, image_like):
    codec = tiny_hybrid(scale=2, native=True, quantiser=StraightThroughQuantiser()).train()
    x = image_like(64, 64, batch=3)
    output, native = codec(x, part), codec.inner(x[:1])
    half = codec.inner(halve(x[1:]))
    enhanced = codec.enhancer(half.x_hat) if part == "all" else double(half.x_hat)
    torch.testing.assert_close(output.x_hat, torch.cat([native.x_hat, enhanced]))
    expected = (bits_per_pixel(native) * 64**2 + 2 * bits_per_pixel(half) * 32**2) / (3 * 64**2)
    torch.testing.assert_close(bits_per_pixel(output), expected)
    for one in (codec(x[:1], part), codec.eval()(x, part)):  # alone, and in use: all at half size
        assert len(one.likelihoods) == 2


@pytest.mark.parametrize(("part", "rests"), [("inner", "enhancer"), ("enhancer", "inner"), ("all", None)])
def test_every_weight_of_the_part_learns_and_none_of_the_other(codec: HybridCodec, part, rests, image_like):
    codec.train()
    x = image_like(64, 64, batch=2)
    mse().loss(codec(x, part), x, lmbda=0.01).loss.backward()
    for name, parameter in codec.named_parameters():
        if name.split(".")[0] == rests:
            assert parameter.grad is None, name
        else:
            assert parameter.grad.abs().sum() > 0, name


@torch.no_grad()
def test_an_enhancer_trains_upon_the_rounded_latents_that_a_decoder_has(codec: HybridCodec, image_like):
    x = image_like(64, 64, batch=2)
    in_use = codec(x)
    codec.train()
    trained = codec(x, "enhancer")
    assert torch.equal(trained.x_hat, in_use.x_hat)
    assert torch.equal(trained.likelihoods[0], in_use.likelihoods[0])
    assert isinstance(codec.inner.latent_model.quantiser, MixedQuantiser)
    assert all(module.training for module in codec.modules())
    assert not torch.equal(codec(x, "all").likelihoods[0], in_use.likelihoods[0])


def test_the_density_is_the_inner_codecs_also_of_a_copy(codec: HybridCodec):
    other = copy.deepcopy(codec)
    assert other.inner.latent_model.density is not codec.inner.latent_model.density
    assert {name.split(".")[0] for name in codec.state_dict()} == {"inner", "enhancer"}


def test_parts_that_do_not_fit_are_refused():
    inner = FactorizedPrior(N=8, M=12)
    with pytest.raises(ShapeError, match="scale is 1 or 2; got 3"):
        HybridCodec(inner, GRDN(**SIZES), scale=3)
    with pytest.raises(ShapeError, match="the enhancer's scale is 1, the codec's 2"):
        HybridCodec(inner, GRDN(**SIZES), scale=2)
    with pytest.raises(ShapeError, match="scale is 1; use scale 2"):
        HybridCodec(inner, GRDN(**SIZES), native=True)
    with pytest.raises(ShapeError, match="use the codec inside"):
        HybridCodec(tiny_hybrid(scale=1), GRDN(**SIZES))
