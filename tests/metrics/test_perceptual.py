import math

import pytest
import torch

from litcodec.errors import ShapeError
from litcodec.metrics import PERCEPTUAL, VMAF, XPSNR, open_metrics, scores_of

EQUAL = {"ssimulacra2": 100.0, "flip": 0.0, "gmsd": 0.0, "haarpsi": 1.0, "vif": 1.0, "xpsnr": math.inf}
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*indexing argument.*")


def test_equal_images_have_the_best_value_and_worse_ones_worse(image_like) -> None:
    x = image_like(64, 80)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    same, little, much = (scores_of(x, (x + s * noise).clamp(0, 1), PERCEPTUAL) for s in (0.0, 0.02, 0.15))
    x8 = (x * 255).round() / 255
    found = scores_of(x8, x8, PERCEPTUAL)
    assert 96 < found.pop("vmaf") < 98  # no motion, so never 100
    assert found == pytest.approx(EQUAL, abs=1e-4)
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


def test_metrics_of_video_take_odd_sizes_and_say_what_ffmpeg_says(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.rand(1, 3, 33, 47, generator=torch.Generator().manual_seed(0))
    found = scores_of(x, (x + 0.1).clamp(0, 1), (VMAF, XPSNR))
    assert 0 < found["vmaf"] < 96
    assert 10 < found["xpsnr"] < 40
    assert math.isnan(scores_of(x[..., :31], x[..., :31], (VMAF,))["vmaf"])
    monkeypatch.setattr("litcodec.metrics.ffmpeg._program", lambda: "false")
    with pytest.raises(ShapeError, match="FFmpeg ended with 1"):
        scores_of(x, x, (XPSNR,))


def test_metrics_whose_weights_are_downloads_are_refused_in_words() -> None:
    with pytest.raises(ShapeError, match=r"no metric lpips: its network's weights lie in no package"):
        open_metrics(("lpips",))
