import pytest
import torch
from tiny_hybrids import inner_of

from litcodec.codecs import Codec
from litcodec.entropy import MixedQuantiser, NoiseQuantiser, Quantiser, StraightThroughQuantiser
from litcodec.objectives import mse

QUANTISERS = [NoiseQuantiser, StraightThroughQuantiser, MixedQuantiser]


@pytest.mark.parametrize("quantiser", QUANTISERS)
def test_every_parameter_gets_a_gradient(codec: Codec, quantiser: type[Quantiser], image_like):
    """So that data-parallel training needs no search for unused parameters."""
    codec.train()
    inner_of(codec).latent_model.quantiser = quantiser()
    x = image_like(64, 64, batch=2)
    mse().loss(codec(x), x, lmbda=0.01).loss.backward()
    for name, parameter in codec.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("quantiser", QUANTISERS)
def test_the_quantiser_given_is_the_one_used(make_codec, quantiser: type[Quantiser]):
    assert type(inner_of(make_codec(quantiser=quantiser())).latent_model.quantiser) is quantiser


def test_loss_falls_when_overfitting_four_crops(make_codec, image_like):
    torch.manual_seed(0)
    codec = make_codec()
    x = image_like(64, 64, batch=4)
    optimiser = torch.optim.Adam(codec.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        optimiser.zero_grad()
        loss = mse().loss(codec(x), x, lmbda=0.01).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(codec.parameters(), 1.0)
        optimiser.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])


@pytest.mark.parametrize("size", [(64, 64), (50, 70)])
def test_a_bfloat16_step_keeps_likelihoods_and_gradients_in_float32(
    codec: Codec, size: tuple[int, int], image_like
):
    codec.train()
    x = image_like(*size, batch=2)
    with torch.autocast("cpu", torch.bfloat16):
        output = codec(x)
        loss = mse().loss(output, x, lmbda=0.01)
    loss.loss.backward()
    assert {likelihoods.dtype for likelihoods in output.likelihoods} == {torch.float32}
    assert output.x_hat.shape == x.shape
    for value in (*loss[:3], *(part.value for part in loss.parts)):
        assert value.dtype is torch.float32
        assert value.isfinite()
    for parameter in codec.parameters():
        assert parameter.grad.dtype is torch.float32
        assert parameter.grad.isfinite().all()


@torch.no_grad()
def test_a_bfloat16_estimate_is_close_to_the_float32_one(codec: Codec, image_like):
    x = image_like(128, 128)
    plain = mse().loss(codec(x), x, lmbda=0.01)
    with torch.autocast("cpu", torch.bfloat16):
        half = mse().loss(codec(x), x, lmbda=0.01)
    assert half.rate.item() == pytest.approx(plain.rate.item(), rel=0.03)
    assert half.distortion.item() == pytest.approx(plain.distortion.item(), rel=0.1)


def test_latents_are_float32_and_the_same_under_autocast_and_in_training(codec: Codec, image_like):
    x = image_like(40, 70)
    with torch.no_grad():
        plain = codec.latents(x)
        codec.train()
        inner_of(codec).latent_model.quantiser = NoiseQuantiser()
        in_training = codec.latents(x)
        with torch.autocast("cpu", torch.bfloat16):
            half = codec.latents(x)
    for a, b, c in zip(plain, in_training, half, strict=True):
        if a is not None:
            assert a.dtype is c.dtype is torch.float32
            assert torch.equal(a, b)
            assert (a - c).abs().mean() < 0.1


def test_latents_are_those_the_likelihoods_are_of(codec: Codec, image_like):
    x = image_like(40, 70)
    with torch.no_grad():
        latents, output = codec.latents(x), codec(x)
    assert output.likelihoods[0].shape == latents.y.shape
    if latents.z is None:
        assert len(output.likelihoods) == 1
        return
    assert output.likelihoods[1].shape == latents.z.shape
    assert latents.means_hat.shape == latents.scales_hat.shape == latents.y.shape
    medians = inner_of(codec).latent_model.density.medians()
    expected = inner_of(codec).latent_model.density((latents.z - medians).round() + medians)
    torch.testing.assert_close(output.likelihoods[1], expected.detach())


def test_eval_mode_is_repeatable_and_training_with_noise_is_not(codec: Codec, image_like):
    x = image_like(40, 40)
    with torch.no_grad():
        assert torch.equal(codec(x).x_hat, codec(x).x_hat)
        codec.train()
        assert not torch.equal(codec(x).likelihoods[0], codec(x).likelihoods[0])


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (64, 64), (65, 130)])
def test_outputs_are_cropped_to_the_images_size(codec: Codec, size: tuple[int, int], image_like):
    x = image_like(*size, batch=2)
    with torch.no_grad():
        output = codec(x)
    k, stride = codec.downsampling_factor, 16 * getattr(codec, "scale", 1)
    h, w = (-(-side // k) * k // stride for side in size)
    assert output.x_hat.shape == x.shape
    assert output.likelihoods[0].shape == (2, 12, h, w)
    for likelihoods in output.likelihoods:
        assert 0 < likelihoods.min() <= likelihoods.max() <= 1


@torch.no_grad()
def test_padding_repeats_the_border(codec: Codec, image_like):
    codec = inner_of(codec)  # an enhancer sees no padding
    k = codec.downsampling_factor
    x = image_like(k + 3, k)
    padded = torch.cat([x, x[:, :, -1:].expand(-1, -1, k - 3, -1)], dim=2)
    assert torch.equal(codec(x).x_hat, codec(padded).x_hat[:, :, : k + 3])


def test_freezing_changes_nothing_in_the_training_codec(codec: Codec, image_like):
    codec.train()
    x = image_like(64, 64)
    mse().loss(codec(x), x, lmbda=0.01).loss.backward()
    before = {name: p.detach().clone() for name, p in codec.named_parameters()}
    gradients = {name: p.grad.clone() for name, p in codec.named_parameters()}
    strides = {name: p.stride() for name, p in codec.named_parameters()}
    frozen = codec.freeze()
    frozen.decompress(frozen.compress(x))
    assert codec.training
    assert all(module.training for module in codec.modules())
    for name, parameter in codec.named_parameters():
        assert torch.equal(parameter, before[name]), name
        assert torch.equal(parameter.grad, gradients[name]), name
        assert parameter.stride() == strides[name], name
        assert parameter.requires_grad, name


def test_further_training_changes_nothing_in_the_frozen_codec(codec: Codec, image_like):
    x = image_like(64, 64)
    frozen = codec.freeze()
    packed = frozen.compress(x)
    pixels = frozen.decompress(packed)
    with torch.no_grad():
        for parameter in codec.parameters():
            parameter.add_(torch.randn(parameter.shape))
    assert frozen.compress(x) == packed
    assert torch.equal(frozen.decompress(packed), pixels)
