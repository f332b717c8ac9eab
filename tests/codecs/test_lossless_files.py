"""Files through a lossless codec: every pixel, or a refusal that says why."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from litcodec.cli import main
from litcodec.codec_files import save_codec
from litcodec.codecs import FactorizedPrior, PixelAutoregressive
from litcodec.data import load_exact_image
from litcodec.errors import UnreadableImage


@pytest.fixture(scope="module")
def codec_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("codec") / "lossless.safetensors"
    torch.manual_seed(0)
    save_codec(PixelAutoregressive(N=8, M=4, blocks=1, K=2).freeze(), path)
    return path


def _pixels(H: int = 13, W: int = 17) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (H, W, 3), dtype=np.uint8)


def test_the_command_line_restores_every_pixel(codec_file: Path, tmp_path: Path, capsys):
    image, stream, back = tmp_path / "a.png", tmp_path / "a.litc", tmp_path / "b.png"
    Image.fromarray(_pixels()).save(image)
    assert (
        main(["compress", "--lossless", "--measure", "-c", str(codec_file), str(image), "-o", str(stream)])
        == 0
    )
    assert f"{stream.stat().st_size * 8 / (3 * 13 * 17):.4f} bits per sub-pixel, every pixel exact" in (
        capsys.readouterr().out
    )
    assert main(["decompress", "-c", str(codec_file), str(stream), "-o", str(back)]) == 0
    assert np.array_equal(np.asarray(Image.open(back)), _pixels())


def test_lossless_with_a_lossy_codec_is_refused(tmp_path: Path, capsys):
    codec, image = tmp_path / "lossy.safetensors", tmp_path / "a.png"
    save_codec(FactorizedPrior(N=4, M=4).freeze(), codec)
    Image.fromarray(_pixels()).save(image)
    assert main(["compress", "--lossless", "-c", str(codec), str(image)]) != 0
    assert "is a FactorizedPrior, which is not lossless" in capsys.readouterr().err


def test_grey_and_palette_images_are_taken_as_the_rgb_that_they_show(tmp_path: Path):
    for mode in ("L", "P", "1"):
        image = Image.fromarray(_pixels()).convert(mode)
        image.save(tmp_path / "a.png")
        found = load_exact_image(tmp_path / "a.png").x.permute(1, 2, 0).numpy()
        assert np.array_equal(found, np.asarray(image.convert("RGB")))


def test_what_8_bit_rgb_does_not_hold_is_refused(tmp_path: Path):
    path = tmp_path / "a.png"
    alpha = np.dstack([_pixels(), np.full((13, 17), 200, np.uint8)])
    Image.fromarray(alpha).save(path)
    with pytest.raises(UnreadableImage, match="would lose transparency"):
        load_exact_image(path)
    Image.fromarray(np.random.default_rng(0).integers(0, 2**16, (9, 8), dtype=np.uint16)).save(path)
    with pytest.raises(UnreadableImage, match="beyond 8"):
        load_exact_image(path)
    Image.fromarray(_pixels()).convert("CMYK").save(tmp_path / "a.tiff")
    with pytest.raises(UnreadableImage, match="mode CMYK"):
        load_exact_image(tmp_path / "a.tiff")


def test_colours_that_would_be_converted_are_refused(tmp_path: Path):
    path = tmp_path / "a.png"
    about = PngInfo()
    about.add(b"gAMA", (100000).to_bytes(4, "big"))  # linear light
    Image.fromarray(_pixels()).save(path, pnginfo=about)
    with pytest.raises(UnreadableImage, match="converted to sRGB"):
        load_exact_image(path)
