"""``litcodec import-compressai``: one command makes a checkpoint a codec file, or one line says why not."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from litcodec.cli import main
from litcodec.codec_files import load_codec
from litcodec.compressai_models import COMPRESSAI_MODELS
from litcodec.data import write_png
from litcodec.frozen import TrainingInfo
from litcodec.usage import make_parser


@pytest.mark.parametrize("architecture", COMPRESSAI_MODELS)
def test_an_imported_codec_compresses_and_decompresses(
    architecture: str, golden: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codec, image = tmp_path / "codecs" / "imported.safetensors", tmp_path / "image.png"
    write_png(image, torch.arange(3 * 70 * 90).reshape(3, 70, 90).div(75).to(torch.uint8))
    weights = golden / f"{architecture}.pth.tar"
    assert main(["import-compressai", str(weights), "--arch", architecture, str(codec)]) == 0
    said = capsys.readouterr()
    fingerprint = load_codec(codec).fingerprint.hex()
    sizes = "N=6" if architecture.startswith("cheng2020") else "N=8, M=12"
    assert said.out.startswith(f"{codec}: {load_codec(codec).architecture.name}, {sizes}, ")
    assert fingerprint in said.out
    assert said.err == ""
    assert main(["compress", str(image), "-c", str(codec)]) == 0
    back = tmp_path / "back.png"
    assert main(["decompress", str(tmp_path / "image.litc"), "-c", str(codec), "-o", str(back)]) == 0
    assert back.stat().st_size > 0


def test_the_curve_s_point_is_noted(golden: Path, tmp_path: Path) -> None:
    weights, output = golden / "mbt2018-mean.pth.tar", tmp_path / "codec.safetensors"
    arguments = ["import-compressai", str(weights), "--arch", "mbt2018-mean", str(output)]
    assert main(arguments) == 0
    assert load_codec(output).training == TrainingInfo()
    assert main([*arguments, "--lmbda", "8.73", "--distortion", "ms-ssim", "--force"]) == 0
    assert load_codec(output).training == TrainingInfo(lmbda=8.73, distortion="ms-ssim")


def test_the_command_offers_every_architecture() -> None:
    for architecture in COMPRESSAI_MODELS:
        words = ["import-compressai", "w.pth", "--arch", architecture, "out.safetensors"]
        assert make_parser().parse_args(words).arch == architecture


@pytest.mark.parametrize("lmbda", ["0", "-1", "nan", "inf", "much"])
def test_a_lambda_is_a_number_above_zero(lmbda: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["import-compressai", "w.pth", "--arch", "mbt2018", str(tmp_path / "o"), "--lmbda", lmbda])
    assert caught.value.code == 2


def test_what_cannot_be_imported_is_said_in_one_line_and_nothing_is_written(
    golden: Path, state: dict[str, Tensor], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "short.pth").write_bytes((golden / "mbt2018-mean.pth.tar").read_bytes()[:-100])
    (tmp_path / "text.pth").write_text("not weights")
    torch.save({"litcodec": {}, "state_dict": state}, tmp_path / "ours.pth")
    torch.save({**state, "g_a.0.bias": torch.full((8,), torch.nan)}, tmp_path / "diverged.pth")
    torch.save(
        {**state, "entropy_bottleneck.biases.0": torch.full((8, 3, 1), torch.inf)}, tmp_path / "flat.pth"
    )
    expected = {
        "missing.pth": "No such file",
        "short.pth": "is damaged or incomplete",
        "text.pth": "not a file that torch.save wrote",
        "ours.pth": "Use litcodec export.",
        "diverged.pth": "is not finite",
        "flat.pth": "is not finite",
    }
    output = tmp_path / "out" / "codec.safetensors"
    for name, words in expected.items():
        assert main(["import-compressai", str(tmp_path / name), "--arch", "mbt2018-mean", str(output)]) == 1
        (error,) = capsys.readouterr().err.splitlines()
        assert error.startswith(f"litcodec: {tmp_path / name} ")
        assert words in error
    assert not output.parent.exists()


def test_an_existing_output_is_kept_unless_forced(
    golden: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "codec.safetensors"
    output.write_bytes(b"precious")
    arguments = ["import-compressai", str(golden / "mbt2018.pth.tar"), "--arch", "mbt2018", str(output)]
    assert main(arguments) == 1
    assert "--force" in capsys.readouterr().err
    assert output.read_bytes() == b"precious"
    assert main([*arguments, "--force"]) == 0
    assert load_codec(output).architecture.name == "JointAutoregressive"


def test_medians_that_were_learned_elsewhere_are_told(
    state: dict[str, Tensor], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state["entropy_bottleneck.quantiles"][3, 0, 1] += 0.25
    torch.save(state, tmp_path / "weights.pth")
    output = tmp_path / "codec.safetensors"
    assert (
        main(["import-compressai", str(tmp_path / "weights.pth"), "--arch", "mbt2018-mean", str(output)]) == 0
    )
    (told,) = capsys.readouterr().err.splitlines()
    assert "up to 0.25" in told
