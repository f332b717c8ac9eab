"""One real evaluation, of two small images."""

from pathlib import Path

import pytest
import torch

from litcodec.baselines import open_baselines
from litcodec.codec_files import save_codec
from litcodec.codecs import MeanScaleHyperprior
from litcodec.data import write_png
from litcodec.evaluation import evaluate
from litcodec.frozen import TrainingInfo

SIZES = {"a.png": (96, 120), "below/b é.png": (50, 70)}


@pytest.fixture(scope="session")
def evaluated(tmp_path_factory: pytest.TempPathFactory, image_like) -> Path:
    """A results file, its kept files beside it: an untrained codec at two settings, JPEG and WebP."""
    folder = tmp_path_factory.mktemp("evaluated")
    (folder / "images" / "below").mkdir(parents=True)
    for seed, (name, (H, W)) in enumerate(SIZES.items()):
        x = (image_like(H, W, seed=seed)[0] * 255).round().to(torch.uint8)
        write_png(folder / "images" / name, x)
    codecs = [folder / f"{seed}.safetensors" for seed in range(2)]
    for seed, path in enumerate(codecs):
        torch.manual_seed(seed)
        codec = MeanScaleHyperprior(N=8, M=12).eval().freeze()
        codec.training = TrainingInfo(lmbda=0.01 * (seed + 1), distortion="mse")
        save_codec(codec, path)
    baselines = open_baselines(("jpeg", "webp")).found
    evaluate(codecs, folder / "images", folder / "results.json", baselines=baselines)
    return folder / "results.json"
