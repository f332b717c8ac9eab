"""A folder of small images, two codecs of one curve, and a baseline that counts."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from litcodec.codec_files import save_codec
from litcodec.codecs import Codec, MeanScaleHyperprior
from litcodec.data import write_png
from litcodec.errors import BaselineFailed
from litcodec.frozen import TrainingInfo
from litcodec.measure_image import CodecCoder


class CountingJpeg:
    """Pillow's JPEG as a baseline of two rungs, which counts and can be told to fail."""

    name = "JPEG of the tests"
    key = "fake"
    suffix = ".jpg"
    source = "Pillow"
    qualities = (30.0, 60.0)

    def __init__(self) -> None:
        self.coded = 0
        self.fails: Callable[[Tensor, float], bool] = lambda x, quality: False

    def setting(self, quality: float) -> str:
        return f"quality {quality:.0f}"

    def compress(self, x: Tensor, quality: float) -> bytes:
        if self.fails(x, quality):
            raise BaselineFailed(f"no JPEG of {tuple(x.shape)} today")
        self.coded += 1
        buffer = io.BytesIO()
        Image.fromarray(x.permute(1, 2, 0).contiguous().numpy()).save(buffer, "JPEG", quality=int(quality))
        return buffer.getvalue()

    def decompress(self, data: bytes) -> Tensor:
        with Image.open(io.BytesIO(data)) as image:
            return torch.from_numpy(np.array(image)).permute(2, 0, 1)


@pytest.fixture
def jpeg() -> CountingJpeg:
    return CountingJpeg()


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes of the images that codecs encode from here on, warming up included."""
    shapes: list[tuple[int, ...]] = []
    encode = CodecCoder.encode

    def counting(self: CodecCoder, x: Tensor) -> bytes:
        shapes.append(tuple(x.shape))
        return encode(self, x)

    monkeypatch.setattr(CodecCoder, "encode", counting)
    return shapes


@pytest.fixture
def image_folder(tmp_path: Path, image_like) -> Path:
    """Three images: one large enough for MS-SSIM, one in a folder below."""
    folder = tmp_path / "images"
    (folder / "below").mkdir(parents=True)
    sizes = {"a.png": (170, 164), "b é.png": (40, 56), "below/c.png": (17, 33)}
    for seed, (name, (H, W)) in enumerate(sizes.items()):
        write_png(folder / name, (image_like(H, W, seed=seed)[0] * 255).round().to(torch.uint8))
    return folder


def _make_codec(
    path: Path, *, seed: int = 0, notes: TrainingInfo | None = None, codec: Codec | None = None
) -> Path:
    torch.manual_seed(seed)
    frozen = (codec or MeanScaleHyperprior(N=8, M=12)).eval().freeze()
    frozen.training = notes or TrainingInfo()
    save_codec(frozen, path)
    return path


@pytest.fixture(scope="session")
def make_codec() -> Callable[..., Path]:
    """``make_codec(path, seed=0, notes=None, codec=None)`` writes the file of an untrained codec."""
    return _make_codec


@pytest.fixture(scope="session")
def two_codecs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("codecs")
    return [
        _make_codec(folder / f"{name}.safetensors", seed=seed, notes=TrainingInfo(lmbda, "mse", 1))
        for seed, (name, lmbda) in enumerate((("low", 0.0035), ("high", 0.0130)))
    ]
