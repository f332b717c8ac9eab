from pathlib import Path

import pytest
import torch

from litcodec import demo
from litcodec.codec_files import save_codec
from litcodec.codecs import MeanScaleHyperprior
from litcodec.data import read_image


def test_the_demo_compares_with_a_jpeg_of_about_the_same_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    save_codec(MeanScaleHyperprior(N=8, M=12).eval().freeze(), tmp_path / "codec.safetensors")
    demo.main(tmp_path)
    out = capsys.readouterr().out
    for said in ("litcodec, MeanScaleHyperprior", "JPEG 4:2:0, quality", "wandb leet", "codec.safetensors"):
        assert said in out
    assert f"{(tmp_path / 'heldback.litc').stat().st_size:,}" in out
    assert read_image(tmp_path / "heldback.png").shape[0] == 3


def test_the_jpeg_nearest_in_size_is_chosen() -> None:
    x = (torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0)) * 255).to(torch.uint8)
    sizes = [len(demo.jpeg_of_size(x, size)[1]) for size in (1000, 3000)]
    assert sizes[0] < sizes[1]
    quality, data = demo.jpeg_of_size(x, sizes[1])
    assert (quality, len(data)) == (demo.jpeg_of_size(x, 3000)[0], sizes[1])
