"""A trained codec: what the estimate promises is what the bytes cost."""

import pytest
import torch

from litcodec.codecs import MeanScaleHyperprior
from litcodec.entropy import MixedQuantiser, NoiseQuantiser
from litcodec.objectives import mse


def _bits(codec: MeanScaleHyperprior, x: torch.Tensor) -> list[float]:
    """Estimated bits of each latent."""
    with torch.no_grad():
        return [-float(likelihoods.double().log2().sum()) for likelihoods in codec(x).likelihoods]


@pytest.mark.parametrize("seed", [0, 1])
def test_bytes_are_within_2_percent_of_the_estimate(trained: MeanScaleHyperprior, image_like, seed: int):
    x = image_like(512, 512, seed=seed)
    bits = _bits(trained, x)
    coded = trained.freeze().encode(x)
    assert 8 * sum(map(len, coded.strings)) == pytest.approx(sum(bits), rel=0.02)
    for string, estimate in zip(coded.strings, bits, strict=True):  # neither latent pays for the other
        assert 8 * len(string) == pytest.approx(estimate, rel=0.02, abs=8 * 8)
    assert coded.escapes < 1e-3 * coded.symbols


def test_it_has_learned_something(trained: MeanScaleHyperprior, image_like):
    x = torch.cat([image_like(256, 256, seed=seed) for seed in range(6)])
    with torch.no_grad():
        loss = mse().loss(trained(x), x, lmbda=0.05)
    flat = 255**2 * float(((x - x.mean(dim=(2, 3), keepdim=True)) ** 2).mean())
    assert loss.distortion < 0.75 * flat
    assert 0.1 < loss.rate < 1
    assert trained.latents(x).y.round().unique().numel() > 5


@pytest.mark.parametrize("quantiser", [NoiseQuantiser, MixedQuantiser])
def test_noise_promises_no_fewer_bits_than_rounding(trained: MeanScaleHyperprior, image_like, quantiser):
    torch.manual_seed(0)
    x = torch.cat([image_like(256, 256, batch=2, seed=seed) for seed in range(4)])
    rounded = sum(_bits(trained, x))
    kept = trained.latent_model.quantiser
    try:
        trained.latent_model.quantiser = quantiser()
        noisy = sum(sum(_bits(trained.train(), x)) for _ in range(4)) / 4
    finally:
        trained.latent_model.quantiser = kept
        trained.eval()
    # Hardly more either: noise is a good stand-in.
    assert 0.995 * rounded <= noisy <= 1.05 * rounded


def test_the_frozen_codec_reconstructs_as_well_as_the_float_one(trained: MeanScaleHyperprior, image_like):
    x = image_like(255, 257, seed=4)
    frozen = trained.freeze()
    x_hat = frozen.decompress(frozen.compress(x))
    with torch.no_grad():
        estimate = trained(x).x_hat.clamp(0, 1)
    mse, mse_estimate = ((x_hat - x) ** 2).mean(), ((estimate - x) ** 2).mean()
    assert mse.item() == pytest.approx(mse_estimate.item(), rel=5e-3)
