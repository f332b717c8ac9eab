import pytest
import torch
from tiny_hybrids import inner_of, reconstruction

from litcodec.codecs import Codec
from litcodec.errors import FreezeError, ShapeError
from litcodec.frozen import FrozenCodec
from litcodec.latent_models import ContextModel, GroupedModel, Latents, RefinedGroupModel
from litcodec.ops import round_about

SIZES = [(1, 1), (1, 17), (17, 33), (255, 257)]


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(("H", "W"), SIZES)
def test_decoding_gives_exactly_the_encoders_reconstruction(
    frozen: FrozenCodec, H: int, W: int, batch: int, image_like
):
    x = image_like(H, W, batch=batch)
    packed = frozen.compress(x)
    assert [compressed.size for compressed in packed] == [(H, W)] * batch
    x_hat = frozen.decompress(packed)
    expected = torch.cat([reconstruction(frozen, image[None]) for image in x])
    assert x_hat.shape == x.shape
    assert x_hat.dtype is torch.float32
    assert 0 <= x_hat.min() <= x_hat.max() <= 1
    assert torch.equal(x_hat, expected)


@pytest.mark.parametrize(("H", "W"), SIZES)
def test_decoding_gives_exactly_the_encoders_latents(
    codec: Codec, frozen: FrozenCodec, H: int, W: int, image_like
):
    coded = frozen.encode(image_like(H, W))
    k, stride = codec.downsampling_factor, 16 * getattr(codec, "scale", 1)
    assert coded.y_hat.shape[2:] == (-(-H // k) * k // stride, -(-W // k) * k // stride)
    assert torch.equal(frozen.decode_latents(coded.strings, (H, W)), coded.y_hat)
    assert coded.y_hat.unique().numel() > 5  # a test of all zeros would prove nothing


@torch.no_grad()
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("H", "W"), SIZES)
def test_real_pixels_are_those_of_the_eval_forward(
    codec: Codec, frozen: FrozenCodec, H: int, W: int, seed: int, image_like
):
    """Same weights, one in floats and one exact: within 1 of 255 as long as no latent lies on a border."""
    x = image_like(H, W, seed=seed)
    y_hat = frozen.encode(x).y_hat
    latents = codec.latents(x)
    means = _means(codec, latents, y_hat)
    from_mean = latents.y - means
    difference = (y_hat - _refined(codec, latents, y_hat, from_mean.round() + means)).abs()
    # A mean that is off by some 2^-12 may send a latent to the other side of a border, and only there.
    crossed = difference > 0.5
    to_border = 0.5 - (from_mean - from_mean.round()).abs()
    assert difference[~crossed].max() < 2e-3
    assert (to_border[crossed] < 2e-3).all()
    assert crossed.sum() <= 1 + 1e-3 * crossed.numel()
    own_means = _own_means(codec, latents)
    if (y_hat - round_about(latents.y, own_means)).abs().max() < 0.5:
        by_estimate = (codec(x).x_hat.clamp(0, 1) * 255).round()
        by_bytes = (frozen.decompress(frozen.compress(x)) * 255).round()
        assert (by_estimate - by_bytes).abs().max() <= 1


def _means(codec: Codec, latents: Latents, y_hat: torch.Tensor) -> torch.Tensor:
    """In floats, what the frozen codec rounded about."""
    y_model = getattr(inner_of(codec).latent_model, "y_model", None)
    if isinstance(y_model, (ContextModel, GroupedModel)):
        # Given its own context: one crossing changes all that follow.
        hyper = codec.latent_model.h_s(round_about(latents.z, codec.latent_model.density.medians()))
        return y_model._gaussians(hyper, y_hat)[1]
    return _own_means(codec, latents)


def _refined(codec: Codec, latents: Latents, y_hat: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
    """In floats, what became of rounded latents, given the frozen codec's groups before."""
    model = getattr(inner_of(codec).latent_model, "y_model", None)
    if not isinstance(model, RefinedGroupModel):
        return rounded
    hyper = codec.latent_model.h_s(round_about(latents.z, codec.latent_model.density.medians()))
    refined = []
    for k, g in enumerate(model.groups):
        first = model.before[k]
        known = model.known(k, hyper, y_hat[:, :first])
        refined.append(model.refine(k, hyper, known, rounded[:, first : first + g]))
    assert 0.1 < (torch.cat(refined, dim=1) - rounded).abs().max() <= 0.5
    return torch.cat(refined, dim=1)


def _own_means(codec: Codec, latents: Latents) -> torch.Tensor:
    if latents.centre is not None:
        return latents.centre
    return inner_of(codec).latent_model.density.medians() if latents.means_hat is None else latents.means_hat


def test_bytes_are_about_what_the_likelihoods_promise(codec: Codec, image_like):
    x = image_like(128, 192)
    with torch.no_grad():
        bits = -sum(float(likelihoods.log2().sum()) for likelihoods in codec(x).likelihoods)
    coded = codec.freeze().encode(x)
    # These codecs are not trained: an escape costs less than the likelihood's floor says.
    escaped_bits = 30 * coded.escapes
    assert bits - escaped_bits <= 8 * sum(map(len, coded.strings)) <= 1.01 * bits + 8 * 40


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 1, 8, 8), (1, 3, 0, 8), (0, 3, 8, 8), (1, 4, 8, 8)])
def test_what_is_no_image_batch_is_refused_with_its_shape(shape: tuple[int, ...], codec: Codec):
    x = torch.zeros(shape)
    for use in (codec, codec.latents, codec.freeze().compress):
        with pytest.raises(ShapeError, match="got") as caught:
            use(x)
        assert str(shape) in str(caught.value)


def test_images_of_two_sizes_do_not_decode_as_one_batch(frozen: FrozenCodec, image_like):
    packed = frozen.compress(image_like(16, 16)) + frozen.compress(image_like(16, 17))
    with pytest.raises(ShapeError, match=r"\(16, 17\)"):
        frozen.decompress(packed)
    with pytest.raises(ShapeError, match="at least one"):
        frozen.decompress([])


def test_an_image_that_is_not_finite_is_refused(codec: Codec):
    x = torch.full((1, 3, 16, 16), float("nan"))
    with pytest.raises(FreezeError, match="not finite"):
        codec.freeze().compress(x)


def test_pixels_far_outside_of_the_range_still_round_trip(frozen: FrozenCodec):
    coded = frozen.encode(torch.full((1, 3, 32, 32), 50.0))
    assert torch.equal(frozen.decode_latents(coded.strings, (32, 32)), coded.y_hat)
