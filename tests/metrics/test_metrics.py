"""The metrics against independent numpy implementations, and numbers worked out by hand."""

import math

import numpy as np
import pytest
import torch

from litcodec.errors import ShapeError
from litcodec.limits import MS_SSIM_MIN_SIDE
from litcodec.metrics import SHIPPED, bpp, ms_ssim, ms_ssim_db, psnr, psnr_luma, scores_of


def _pair(H: int, W: int, *, noise: float = 0.05, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    rows, columns = torch.meshgrid(torch.linspace(0, 9, H), torch.linspace(0, 7, W), indexing="ij")
    x = torch.stack([0.5 + 0.4 * torch.sin((k + 1) * rows + columns) for k in range(3)])
    return x, x + noise * torch.randn(x.shape, generator=generator)


def _bytes(x: torch.Tensor) -> np.ndarray:
    return np.rint(np.clip(x.numpy().astype(np.float64), 0, 1) * 255)


def _numpy_ms_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Wang 2003 in float64: 11-tap Gaussian of sigma 1.5, five scales, 2x2 means, odd sides zero-padded."""
    taps = np.exp(-((np.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()

    def blur(v: np.ndarray) -> np.ndarray:
        v = np.apply_along_axis(np.convolve, 0, v, taps, "valid")
        return np.apply_along_axis(np.convolve, 1, v, taps, "valid")

    def halve(v: np.ndarray) -> np.ndarray:
        v = np.pad(v, [(side % 2, side % 2) for side in v.shape])  # at both ends
        v = v[: v.shape[0] // 2 * 2, : v.shape[1] // 2 * 2]
        return v.reshape(v.shape[0] // 2, 2, v.shape[1] // 2, 2).mean(axis=(1, 3))

    weights = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
    value = 1.0
    for scale, weight in enumerate(weights):
        mean_a, mean_b = blur(a), blur(b)
        var_a, var_b = blur(a * a) - mean_a**2, blur(b * b) - mean_b**2
        covariance = blur(a * b) - mean_a * mean_b
        contrast = (2 * covariance + (0.03 * 255) ** 2) / (var_a + var_b + (0.03 * 255) ** 2)
        luminance = (2 * mean_a * mean_b + (0.01 * 255) ** 2) / (mean_a**2 + mean_b**2 + (0.01 * 255) ** 2)
        last = scale == len(weights) - 1
        value *= max(float((contrast * luminance if last else contrast).mean()), 0.0) ** weight
        a, b = halve(a), halve(b)
    return value


def test_psnr_of_an_error_of_one_level_is_the_known_48_13_db() -> None:
    x = torch.full((3, 8, 8), 100 / 255)
    assert psnr(x, torch.full((3, 8, 8), 101 / 255)) == pytest.approx(48.130803608679074, abs=1e-9)


def test_psnr_of_black_against_white_is_zero() -> None:
    assert psnr(torch.zeros(3, 4, 4), torch.ones(3, 4, 4)) == 0.0


def test_psnr_agrees_with_numpy() -> None:
    x, x_hat = _pair(37, 53)
    expected = 10 * math.log10(255**2 / np.mean((_bytes(x) - _bytes(x_hat)) ** 2))
    assert psnr(x, x_hat) == pytest.approx(expected, rel=1e-12)
    assert psnr(x[None], x_hat[None]) == pytest.approx(expected, rel=1e-12)


def test_psnr_of_identical_images_is_infinite() -> None:
    x, _ = _pair(16, 16)
    assert psnr(x, x) == math.inf
    assert psnr(x, x + 0.4 / 255 * torch.sign(torch.round(x * 255) / 255 - x)) == math.inf  # same 8-bit image


def test_psnr_rounds_and_clamps_both_sides() -> None:
    x = torch.full((3, 4, 4), 254.6 / 255)  # 255 once rounded
    assert psnr(x, torch.full((3, 4, 4), 1.7)) == math.inf


def test_uint8_images_are_taken_as_they_are() -> None:
    x, x_hat = _pair(16, 20)
    levels = torch.from_numpy(_bytes(x)).to(torch.uint8)
    assert psnr(levels, x_hat) == psnr(x, x_hat)


def test_a_diverged_reconstruction_has_no_psnr() -> None:
    x, x_hat = _pair(16, 16)
    x_hat[0, 0, 0] = math.nan
    assert math.isnan(psnr(x, x_hat))
    assert math.isnan(psnr_luma(x, x_hat))


def test_psnr_luma_agrees_with_numpy() -> None:
    x, x_hat = _pair(37, 53)
    luma, luma_hat = (np.tensordot([0.299, 0.587, 0.114], _bytes(v), axes=1) for v in (x, x_hat))
    expected = 10 * math.log10(255**2 / np.mean((luma - luma_hat) ** 2))
    assert psnr_luma(x, x_hat) == pytest.approx(expected, rel=1e-12)


def test_luma_weighs_green_more_than_blue() -> None:
    x = torch.zeros(3, 4, 4)
    green, blue = x.clone(), x.clone()
    green[1], blue[2] = 10 / 255, 10 / 255
    assert psnr_luma(x, green) == pytest.approx(20 * math.log10(255 / 5.87))
    assert psnr_luma(x, blue) == pytest.approx(20 * math.log10(255 / 1.14))


@pytest.mark.parametrize("size", [(161, 161), (170, 200), (176, 163)])
def test_ms_ssim_agrees_with_numpy(size: tuple[int, int]) -> None:
    x, x_hat = _pair(*size, noise=0.2)
    expected = np.mean([_numpy_ms_ssim(a, b) for a, b in zip(_bytes(x), _bytes(x_hat), strict=True)])
    assert 0.6 < expected < 0.995
    assert ms_ssim(x, x_hat) == pytest.approx(expected, abs=2e-5)
    assert ms_ssim(x[None], x_hat[None]) == ms_ssim(x, x_hat)


def test_ms_ssim_of_identical_images_is_one() -> None:
    x, _ = _pair(161, 170)
    assert ms_ssim(x, x) == pytest.approx(1.0, abs=1e-6)


def test_ms_ssim_is_undefined_below_161_pixels() -> None:
    x, x_hat = _pair(160, 400)
    assert math.isnan(ms_ssim(x, x_hat))
    assert MS_SSIM_MIN_SIDE == 161


def test_ms_ssim_keeps_float32_under_autocast() -> None:
    x, x_hat = _pair(170, 170)
    expected = ms_ssim(x, x_hat)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert ms_ssim(x, x_hat) == expected


def test_metrics_do_not_depend_on_the_memory_format() -> None:
    x, x_hat = (v[None] for v in _pair(170, 180))
    last = [v.to(memory_format=torch.channels_last) for v in (x, x_hat)]
    assert ms_ssim(*last) == ms_ssim(x, x_hat)
    assert psnr(*last) == psnr(x, x_hat)


def test_ms_ssim_in_decibels() -> None:
    assert ms_ssim_db(0.9) == pytest.approx(10.0)
    assert ms_ssim_db(0.999) == pytest.approx(30.0)
    assert ms_ssim_db(0.0) == 0.0
    assert ms_ssim_db(1.0) == math.inf
    assert math.isnan(ms_ssim_db(math.nan))


def test_bits_per_pixel() -> None:
    assert bpp(49152, (512, 768)) == 1.0
    assert bpp(3, (1, 1)) == 24.0
    with pytest.raises(ShapeError, match="H=0"):
        bpp(3, (0, 5))


@pytest.mark.parametrize("metric", [psnr, psnr_luma, ms_ssim])
@pytest.mark.parametrize(
    ("shape", "shape_hat", "message"),
    [
        ((3, 4, 4), (3, 4, 5), "differ"),
        ((2, 3, 4, 4), (2, 3, 4, 4), "one image"),
        ((1, 4, 4), (1, 4, 4), "one image"),
        ((3, 0, 4), (3, 0, 4), "one image"),
    ],
)
def test_what_is_not_one_rgb_pair_is_refused(metric, shape, shape_hat, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ShapeError, match=message):
        metric(torch.zeros(shape), torch.zeros(shape_hat))


@pytest.mark.parametrize("side", [16, 176])
def test_quality_is_what_the_single_metrics_give(side: int) -> None:
    torch.manual_seed(0)
    x, x_hat = torch.rand(2, 1, 3, side, side)
    expected = psnr(x, x_hat), psnr_luma(x, x_hat), ms_ssim(x, x_hat), ms_ssim_db(ms_ssim(x, x_hat))
    found = scores_of(x, x_hat, SHIPPED)
    assert tuple(found.values()) == pytest.approx(expected, rel=0, abs=0, nan_ok=True)
