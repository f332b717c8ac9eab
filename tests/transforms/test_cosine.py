"""Transforms that start as a DCT: what they are before the first step of training."""

import math

import pytest
import torch
from scipy.fft import dctn

from litcodec.transforms import best_step, cosine_analysis, cosine_synthesis, latent_spread

STEP = 0.18


@torch.no_grad()
def test_at_the_start_latents_are_the_waves_of_16x16_blocks(image_like) -> None:
    torch.manual_seed(0)
    x = image_like(32, 48)
    y = cosine_analysis(M=768, step=STEP)(x)[0] * STEP
    assert y.shape == (768, 2, 3)
    colours = torch.tensor([[1, 1, 1], [1, 0, -1], [-0.5, 1, -0.5]])
    planes = torch.einsum("cr,rhw->chw", colours / colours.norm(dim=1, keepdim=True), x[0] - 0.45)
    blocks = planes.reshape(3, 2, 16, 3, 16).permute(1, 3, 0, 2, 4).numpy()
    expected = torch.from_numpy(dctn(blocks, axes=(3, 4), norm="ortho")).flatten(2)
    # The same numbers, in another order: most powerful first.
    for row in range(2):
        for column in range(3):
            found, wanted = y[:, row, column].sort().values, expected[row, column].sort().values
            torch.testing.assert_close(found, wanted, rtol=0, atol=5e-3)


@torch.no_grad()
@pytest.mark.parametrize(("M", "least"), [(768, 55.0), (320, 35.0), (96, 28.0)])
def test_at_the_start_the_synthesis_undoes_the_analysis_as_far_as_waves_go(M: int, least: float, image_like):
    torch.manual_seed(0)
    x = image_like(64, 96, seed=3)
    x_hat = cosine_synthesis(M=M, step=STEP)(cosine_analysis(M=M, step=STEP)(x))
    assert -10 * math.log10(float((x_hat - x).square().mean())) > least


@torch.no_grad()
def test_the_first_waves_have_most_of_the_power_and_spreads_are_near_it(image_like) -> None:
    x = torch.cat([image_like(64, 64, batch=4, seed=seed) for seed in range(4)])
    y = cosine_analysis(M=320, step=STEP)(x)
    powers = y.square().mean(dim=(0, 2, 3))
    assert powers[:32].sum() > 0.95 * powers.sum()
    ratio = (powers[1:64].sqrt() / latent_spread(320, STEP)[1:64]).log()
    assert abs(float(ratio.mean())) < 2  # these images are smoother than photographs


def test_the_step_is_the_best_of_a_uniform_quantiser() -> None:
    for lmbda in (0.001, 0.0122, 0.15):

        def cost(step: float, lmbda: float = lmbda) -> float:
            return -3 * math.log2(step) + lmbda * 255**2 * step**2 / 12

        best = best_step(lmbda)
        assert cost(best) < min(cost(best * 1.01), cost(best / 1.01))
    assert best_step(0.0122) == pytest.approx(0.18, abs=0.001)
