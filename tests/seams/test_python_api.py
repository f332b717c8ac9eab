"""litcodec in Python: load, compress, decompress; Pillow opens and saves .litc."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import litcodec
import litcodec.pillow
from litcodec.errors import BitstreamError, CodecFileError, RateError, ShapeError


@pytest.fixture(scope="module")
def codec():
    return litcodec.load()


@pytest.fixture(scope="module")
def image(image_like) -> Image.Image:
    levels = (image_like(120, 160, seed=4)[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    return Image.fromarray(levels)


def test_importing_litcodec_imports_nothing_heavy():
    code = "import sys, litcodec; print(sorted({'torch', 'lightning', 'numpy'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_an_image_of_any_kind_gives_the_same_bytes(codec, image: Image.Image):
    levels = np.asarray(image)
    tensor = torch.from_numpy(levels.copy()).permute(2, 0, 1).float() / 255
    data = codec.compress(image, quality=40)
    assert data == codec.compress(levels, quality=40) == codec.compress(tensor, quality=40)
    assert data == codec.compress(tensor[None], quality=40)
    assert len(codec.compress(image, quality=10)) < len(data) < len(codec.compress(image, quality=90))


def test_decoding_gives_the_kind_that_is_asked_for(codec, image: Image.Image):
    data = codec.compress(image)
    pil = codec.decompress(data)
    assert (pil.size, pil.mode) == (image.size, "RGB")
    array = codec.decompress(data, as_="numpy")
    assert array.dtype == np.uint8
    assert np.array_equal(array, np.asarray(pil))
    tensor = codec.decompress(data, as_="tensor")
    assert np.array_equal((tensor * 255).round().byte().permute(1, 2, 0).numpy(), array)
    error = np.asarray(image).astype(float) - array
    assert 10 * np.log10(255**2 / (error**2).mean()) > 20


def test_limits_are_kept(codec, image: Image.Image):
    assert len(codec.compress(image, max_bytes=1500)) <= 1500
    assert 8 * len(codec.compress(image, bpp=0.5)) <= 0.5 * 120 * 160
    with pytest.raises(RateError, match="are allowed"):
        codec.compress(image, max_bytes=30)
    with pytest.raises(ShapeError, match="one of quality, bpp and max_bytes"):
        codec.compress(image, quality=3, bpp=1.0)


def test_wrong_values_are_refused(codec, image: Image.Image):
    levels = np.asarray(image)
    with pytest.raises(ShapeError, match="uint8"):
        codec.compress(levels.astype(np.float32))
    with pytest.raises(ShapeError, match="Divide it by 255"):
        codec.compress(torch.from_numpy(levels.copy()).permute(2, 0, 1))
    with pytest.raises(ShapeError, match="Divide it by 255"):
        codec.compress(torch.from_numpy(levels.copy()).permute(2, 0, 1).float())
    with pytest.raises(ShapeError, match="'nowhere' cannot be used"):
        litcodec.load(device="nowhere")
    with pytest.raises(CodecFileError, match="no-such-codec"):
        litcodec.load("no-such-codec")
    with pytest.raises(BitstreamError):
        codec.decompress(b"no stream")


def test_alpha_and_palettes_are_read_as_from_files(codec, image: Image.Image, tmp_path: Path):
    image.convert("P").save(tmp_path / "p.png")
    assert codec.compress(Image.open(tmp_path / "p.png")) == codec.compress(
        Image.open(tmp_path / "p.png").convert("RGB")
    )
    transparent = image.convert("RGBA")
    transparent.putalpha(0)
    white = Image.new("RGB", image.size, "white")
    assert codec.compress(transparent) == codec.compress(white)


def test_pillow_saves_and_opens_it(image: Image.Image, codec, tmp_path: Path):
    path = tmp_path / "x.litc"
    image.save(path, quality=60)
    assert path.read_bytes() == codec.compress(image, quality=60)
    with Image.open(path) as opened:
        assert (opened.format, opened.size, opened.mode) == ("LITC", image.size, "RGB")
        assert np.array_equal(np.asarray(opened), codec.decompress(path.read_bytes(), as_="numpy"))
    stream = path.read_bytes()
    path.write_bytes(stream[:20])
    with pytest.raises(OSError, match="cannot identify image file"):
        Image.open(path)
    path.write_bytes(stream[:40] + bytes([stream[40] ^ 1]) + stream[41:])
    with Image.open(path) as opened, pytest.raises(OSError, match="checksum"):
        opened.load()
