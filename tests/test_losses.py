import math

import pytest
import torch

from litcodec.errors import ShapeError
from litcodec.limits import MS_SSIM_MIN_SIDE
from litcodec.losses import bits_per_pixel, rd_loss, rd_loss_of_each
from litcodec.metrics import ms_ssim
from litcodec.types import MS_SSIM_WORTH, CodecOutput


def _output(x_hat: torch.Tensor, *likelihoods: torch.Tensor) -> CodecOutput:
    return CodecOutput(x_hat, likelihoods)


def test_bits_are_summed_over_latents_and_divided_by_pixels_and_images():
    x_hat = torch.zeros(2, 3, 10, 20)
    y = torch.full((2, 4, 1, 2), 0.25)  # 16 symbols of 2 bits
    z = torch.full((2, 2, 1, 1), 0.5)  # 4 symbols of 1 bit
    assert bits_per_pixel(_output(x_hat, y)).item() == pytest.approx(32 / 400)
    assert bits_per_pixel(_output(x_hat, y, z)).item() == pytest.approx(36 / 400)


def test_certain_symbols_are_free():
    assert bits_per_pixel(_output(torch.zeros(1, 3, 4, 4), torch.ones(1, 2, 1, 1))).item() == 0


def test_distortion_is_the_squared_error_on_the_255_scale():
    x = torch.full((1, 3, 8, 8), 0.5)
    output = _output(x + 2 / 255, torch.full((1, 1, 1, 1), 0.5))
    loss = rd_loss(output, x, lmbda=0.0130)
    assert loss.distortion.item() == pytest.approx(4.0, rel=1e-5)
    assert loss.rate.item() == pytest.approx(1 / 64)
    assert loss.loss.item() == pytest.approx(1 / 64 + 0.0130 * 4.0, rel=1e-5)


def test_ms_ssim_distortion_is_one_minus_the_metric(image_like):
    x = image_like(176, 192)
    x_hat = (x + 0.03 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    x, x_hat = (v.mul(255).round() / 255 for v in (x, x_hat))
    loss = rd_loss(_output(x_hat, torch.ones(1, 1, 1, 1)), x, lmbda=8.73, distortion="ms-ssim")
    assert loss.distortion.item() == pytest.approx(1 - ms_ssim(x[0], x_hat[0]), abs=1e-5)
    assert loss.loss.item() == pytest.approx(8.73 * loss.distortion.item())


def test_identical_images_have_no_distortion(image_like):
    x = image_like(176, 176)
    for distortion in ("mse", "ms-ssim", "mixed"):
        loss = rd_loss(_output(x, torch.ones(1, 1, 1, 1)), x, lmbda=1.0, distortion=distortion)
        assert loss.distortion.item() == pytest.approx(0, abs=1e-6)


def test_mixed_is_four_fifths_squares_and_one_fifth_structure(image_like):
    x = image_like(176, 192)
    output = _output(x * 0.9, torch.ones(1, 1, 1, 1))
    mse, structure, mixed = (
        rd_loss(output, x, lmbda=1.0, distortion=distortion).distortion.item()
        for distortion in ("mse", "ms-ssim", "mixed")
    )
    assert mixed == pytest.approx(0.8 * mse + 0.2 * 1275 * structure, rel=1e-5)


@pytest.mark.parametrize("lmbdas", [(0.0018, 2.40), (0.0250, 31.73), (0.1800, 220.00)])
def test_a_lmbda_of_mse_weighs_structure_as_the_fields_pairs_do(lmbdas: tuple[float, float]):
    assert MS_SSIM_WORTH * lmbdas[0] == pytest.approx(lmbdas[1], rel=0.05)


def test_an_unknown_distortion_is_told_the_known_ones():
    x = torch.zeros(1, 3, 8, 8)
    with pytest.raises(ShapeError, match=r"'lpips'.*'mse', 'ms-ssim' or 'mixed'"):
        rd_loss(_output(x, torch.ones(1, 1, 1, 1)), x, lmbda=1.0, distortion="lpips")


@pytest.mark.parametrize("distortion", ["ms-ssim", "mixed"])
@pytest.mark.parametrize("size", [(160, 300), (300, 160)])
def test_images_too_small_for_ms_ssim_are_refused_with_their_size(size: tuple[int, int], distortion):
    x = torch.zeros(1, 3, *size)
    with pytest.raises(ShapeError, match=f"{MS_SSIM_MIN_SIDE}.*{size[0]}, {size[1]}"):
        rd_loss(_output(x, torch.ones(1, 1, 1, 1)), x, lmbda=1.0, distortion=distortion)


def test_the_smallest_side_is_large_enough():
    x = torch.rand(1, 3, MS_SSIM_MIN_SIDE, MS_SSIM_MIN_SIDE, generator=torch.Generator().manual_seed(0))
    rd_loss(_output(x, torch.ones(1, 1, 1, 1)), x, lmbda=1.0, distortion="ms-ssim")


@pytest.mark.parametrize("distortion", ["mse", "ms-ssim", "mixed"])
def test_half_precision_reconstructions_give_float32_losses(distortion, image_like):
    x = image_like(176, 176)
    loss = rd_loss(_output(x.bfloat16(), torch.full((1, 1, 1, 1), 0.5)), x, lmbda=1.0, distortion=distortion)
    assert {value.dtype for value in loss} == {torch.float32}
    assert all(value.isfinite() and value.dim() == 0 for value in loss)


@pytest.mark.parametrize("distortion", ["mse", "ms-ssim", "mixed"])
def test_both_terms_have_gradients(distortion, image_like):
    x = image_like(176, 176)
    x_hat = (x * 0.9).requires_grad_()
    likelihoods = torch.full((1, 1, 2, 2), 0.3, requires_grad=True)
    rd_loss(_output(x_hat, likelihoods), x, lmbda=0.01, distortion=distortion).loss.backward()
    assert x_hat.grad.abs().sum() > 0
    assert likelihoods.grad.flatten().tolist() == pytest.approx(
        [-1 / (0.3 * math.log(2) * 176 * 176)] * 4, rel=1e-5
    )


@pytest.mark.parametrize("distortion", ["mse", "ms-ssim", "mixed"])
def test_a_loss_of_each_is_the_mean_of_losses_of_one(distortion, image_like):
    x = image_like(176, 176, batch=3)
    x_hat = x * torch.tensor([0.99, 0.9, 0.8])[:, None, None, None]
    y, z = torch.rand(3, 4, 11, 11) + 0.01, torch.rand(3, 2, 3, 3) + 0.01
    lmbdas = torch.tensor([0.01, 0.1, 10.0])
    found = rd_loss_of_each(_output(x_hat, y, z), x, lmbdas=lmbdas, distortion=distortion)
    alone = [
        rd_loss(
            _output(x_hat[k : k + 1], y[k : k + 1], z[k : k + 1]),
            x[k : k + 1],
            lmbda=float(lmbdas[k]),
            distortion=distortion,
        )
        for k in range(3)
    ]
    for value, of_one in zip(found, zip(*alone, strict=True), strict=True):
        assert value.item() == pytest.approx(float(sum(of_one)) / 3, rel=1e-5)
        assert value.dtype is torch.float32
    equal = rd_loss_of_each(_output(x_hat, y, z), x, lmbdas=torch.full((3,), 0.1), distortion=distortion)
    assert equal.loss.item() == pytest.approx(
        rd_loss(_output(x_hat, y, z), x, lmbda=0.1, distortion=distortion).loss.item(), rel=1e-5
    )
