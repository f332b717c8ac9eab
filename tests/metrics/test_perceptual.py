import math

import pytest
import torch

from litcodec.errors import ShapeError
from litcodec.metrics import PERCEPTUAL, open_metrics, scores_of

EQUAL = {"ssimulacra2": 100.0, "flip": 0.0, "gmsd": 0.0, "haarpsi": 1.0, "vif": 1.0}
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*indexing argument.*")


def test_equal_images_have_the_best_value_and_worse_ones_worse(image_like) -> None:
    x = image_like(64, 80)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    same, little, much = (scores_of(x, (x + s * noise).clamp(0, 1), PERCEPTUAL) for s in (0.0, 0.02, 0.15))
    x8 = (x * 255).round() / 255
    assert scores_of(x8, x8, PERCEPTUAL) == pytest.approx(EQUAL, abs=1e-4)
    for metric in PERCEPTUAL:
        sign = 1 if metric.higher_is_better else -1
        assert sign * same[metric.name] > sign * little[metric.name] > sign * much[metric.name], metric.name


def test_images_without_a_value_have_nan_and_flip_has_one_for_any() -> None:
    x = torch.rand(1, 3, 5, 5)
    found = scores_of(x, x, PERCEPTUAL)
    assert [name for name, value in found.items() if math.isfinite(value)] == ["flip"]


def test_they_are_opened_by_name_and_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [m.name for m in open_metrics(("flip", "psnr", "ssimulacra2"))] == ["flip", "psnr", "ssimulacra2"]
    monkeypatch.setattr("litcodec.metrics.shipped.find_spec", lambda name: None)
    with pytest.raises(ShapeError, match=r"no metric gmsd: its package piq is not installed.*perceptual"):
        open_metrics(("gmsd",))
    assert len(open_metrics(("psnr",))) == 1
