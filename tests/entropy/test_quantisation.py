import pytest
import torch

from litcodec.entropy import MixedQuantiser, NoiseQuantiser, Quantiser, StraightThroughQuantiser

QUANTISERS = [NoiseQuantiser, StraightThroughQuantiser, MixedQuantiser]


def _latent() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    v = torch.randn(2, 3, 4, 5, generator=generator) * 5
    return v.requires_grad_(), torch.randn(1, 3, 1, 1, generator=generator).requires_grad_()


def _rounded(v: torch.Tensor, means: torch.Tensor) -> torch.Tensor:
    return (v - means).round() + means


def _is_noisy(out: torch.Tensor, v: torch.Tensor) -> bool:
    noise = (out - v).detach()
    return bool(noise.abs().max() <= 0.5 + 1e-6) and noise.std().item() == pytest.approx(12**-0.5, rel=0.2)


@pytest.mark.parametrize("kind", QUANTISERS)
def test_in_eval_mode_all_round_about_the_mean(kind: type[Quantiser]):
    v, means = _latent()
    out = kind().eval()(v, means)
    assert torch.equal(out.for_rate, _rounded(v, means))
    assert torch.equal(out.for_decoder, out.for_rate)


def test_noise_serves_rate_and_decoder_alike():
    v, means = _latent()
    out = NoiseQuantiser()(v, means)
    assert _is_noisy(out.for_rate, v)
    assert torch.equal(out.for_decoder, out.for_rate)


def test_straight_through_rounds_for_rate_and_decoder_alike():
    v, means = _latent()
    out = StraightThroughQuantiser()(v, means)
    torch.testing.assert_close(out.for_rate, _rounded(v, means))
    assert torch.equal(out.for_decoder, out.for_rate)


def test_mixed_is_noisy_for_the_rate_and_rounds_for_the_decoder():
    torch.manual_seed(0)
    v, means = _latent()
    out = MixedQuantiser()(v, means)
    assert _is_noisy(out.for_rate, v)
    torch.testing.assert_close(out.for_decoder, _rounded(v, means))


@pytest.mark.parametrize("field", ["for_rate", "for_decoder"])
@pytest.mark.parametrize("kind", QUANTISERS)
def test_in_training_the_latents_gradient_passes_unchanged(kind: type[Quantiser], field: str):
    v, means = _latent()
    upstream = torch.randn(v.shape, generator=torch.Generator().manual_seed(1))
    getattr(kind()(v, means), field).backward(upstream)
    assert torch.equal(v.grad, upstream)


@pytest.mark.parametrize("field", ["for_rate", "for_decoder"])
@pytest.mark.parametrize("kind", QUANTISERS)
def test_in_training_quantised_values_do_not_pull_the_means(kind: type[Quantiser], field: str):
    # Where rounding passes gradients straight through, v - means + means leaves the means none.
    v, means = _latent()
    getattr(kind()(v, means), field).square().sum().backward()
    assert means.grad is None or means.grad.abs().max() < 1e-3


def test_the_base_class_names_what_is_missing():
    v, means = _latent()
    with pytest.raises(NotImplementedError):
        Quantiser()(v, means)
