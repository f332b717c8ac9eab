import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from litcodec.cli import main
from litcodec.codec_files import save_codec
from litcodec.codecs import FactorizedPrior, HybridCodec, MeanScaleHyperprior
from litcodec.data import read_image, write_png
from litcodec.frozen import TrainingInfo
from litcodec.metrics import psnr
from litcodec.transforms import GRDN


@pytest.fixture(scope="module")
def codec(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("codec") / "codec.safetensors"
    save_codec(MeanScaleHyperprior(N=8, M=12).eval().freeze(), path)
    return str(path)


@pytest.fixture
def photograph(tmp_path: Path) -> Path:
    path = tmp_path / "photograph one é.png"
    noise = torch.randint(0, 256, (3, 170, 190), generator=torch.Generator().manual_seed(0))
    write_png(path, noise.to(torch.uint8))
    return path


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_photograph_goes_to_bytes_and_back_and_json_tells_the_truth(
    codec: str, photograph: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compress", str(photograph), "-c", codec, "--json", "--measure"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    stream = photograph.with_suffix(".litc")
    promised = "file width height bytes bpp psnr_rgb ms_ssim encode_s decode_s resolution"
    assert set(promised.split()) <= set(found)
    assert (found["file"], found["width"], found["height"]) == (str(photograph), 190, 170)
    assert found["bytes"] == stream.stat().st_size
    assert found["resolution"] is None  # there is but one
    assert found["bpp"] == pytest.approx(8 * found["bytes"] / (170 * 190), rel=1e-12)

    back = photograph.parent / "back.png"
    assert main(["decompress", str(stream), "-c", codec, "-o", str(back)]) == 0
    assert psnr(read_image(photograph), read_image(back)) == pytest.approx(found["psnr_rgb"], abs=0.01)


@pytest.mark.parametrize(("lmbda", "resolution"), [(0.0, "half"), (None, "half"), (1e9, "native")])
def test_a_codec_that_chooses_its_resolution_tells_it(
    lmbda: float | None,
    resolution: str,
    photograph: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    torch.manual_seed(0)
    inner, enhancer = FactorizedPrior(N=8, M=12), GRDN(C=4, layers=1, blocks=1, groups=1, scale=2)
    torch.nn.init.constant_(enhancer.tail.bias, 99.0)  # white: bytes alone are for it
    frozen = HybridCodec(inner, enhancer, scale=2, native=True).freeze()
    frozen.training = TrainingInfo(lmbda, "mse")
    save_codec(frozen, tmp_path / "codec")
    use = ["-c", str(tmp_path / "codec")]
    assert main(["compress", str(photograph), *use, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["resolution"] == resolution
    assert main(["compress", str(photograph), *use, "--force"]) == 0
    assert f": 190x170 at {resolution} resolution, " in capsys.readouterr().out
    stream, back = photograph.with_suffix(".litc"), tmp_path / "back.png"
    assert main(["decompress", str(stream), *use, "-o", str(back)]) == 0
    assert (read_image(back).float().mean() == 255) == (resolution == "half")


def test_what_fails_is_named_in_one_line_and_the_rest_is_done(
    codec: str, photograph: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = photograph.parent
    (folder / "text.png").write_text("not an image")
    Image.new("RGB", (400, 300)).save(folder / "huge.png")
    before = files(folder)
    inputs = [folder / "text.png", folder / "missing.jpg", folder / "huge.png", folder, photograph]

    limit = ["--max-pixels", "50000"]
    code = main(["compress", *map(str, inputs), "-c", codec, "-o", str(folder / "out"), *limit])

    errors = capsys.readouterr().err.splitlines()
    assert code == 1
    assert len(errors) == 5  # four failures, one summary
    for name, error in zip(("text.png", "missing.jpg", "huge.png", str(folder)), errors, strict=False):
        assert error.startswith("litcodec: ")
        assert name in error
    assert "--max-pixels" in errors[2]
    assert errors[4] == "litcodec: 4 of 5 files failed."
    assert files(folder / "out") == {"photograph one é.litc"}  # nothing partial
    assert files(folder) == before | {"out"}


def test_an_existing_output_is_kept_unless_forced(
    codec: str, photograph: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = photograph.parent / "kept.litc"
    output.write_bytes(b"precious")
    arguments = ["compress", str(photograph), "-c", codec, "-o", str(output)]
    assert main(arguments) == 1
    assert "--force" in capsys.readouterr().err
    assert output.read_bytes() == b"precious"
    assert main([*arguments, "--force"]) == 0
    assert output.read_bytes()[:4] == b"litc"


def test_inputs_that_differ_in_their_suffix_do_not_share_an_output(codec: str, photograph: Path) -> None:
    folder = photograph.parent
    red = Image.new("RGB", (20, 20), "red")
    red.save(folder / "a.png")
    red.save(folder / "a.jpg")
    assert main(["compress", str(folder / "a.png"), str(folder / "a.jpg"), "-c", codec]) == 0
    assert {"a.png.litc", "a.jpg.litc"} <= files(folder)


def test_inputs_that_would_share_an_output_are_refused_before_anything_is_written(
    codec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (20, 20)).save(tmp_path / folder / "a.png")
    inputs = [str(tmp_path / "x" / "a.png"), str(tmp_path / "y" / "a.png")]
    assert main(["compress", *inputs, "-c", codec, "-o", str(tmp_path / "out"), "--force"]) == 1
    assert "a.png.litc" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_garbage_and_streams_of_another_codec_do_not_decode(
    codec: str, photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(1)
    other = tmp_path / "other.safetensors"
    save_codec(MeanScaleHyperprior(N=8, M=12).eval().freeze(), other)
    assert main(["compress", str(photograph), "-c", codec, "-o", str(tmp_path / "good.litc")]) == 0
    good = (tmp_path / "good.litc").read_bytes()
    (tmp_path / "garbage.litc").write_bytes(bytes(range(200)))
    (tmp_path / "short.litc").write_bytes(good[:-1])
    (tmp_path / "empty.litc").write_bytes(b"")
    capsys.readouterr()

    names = ["garbage.litc", "short.litc", "empty.litc", "missing.litc", "good.litc"]
    inputs = [str(tmp_path / name) for name in names]
    assert main(["decompress", *inputs, "-c", codec, "-o", str(tmp_path / "images")]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert [name in error for name, error in zip(names[:4], errors, strict=False)] == [True] * 4
    assert files(tmp_path / "images") == {"good.png"}

    assert main(["decompress", inputs[-1], "-c", str(other), "-o", str(tmp_path / "wrong.png")]) == 1
    assert "codec" in capsys.readouterr().err
    assert not (tmp_path / "wrong.png").exists()


def test_nothing_is_measured_unless_asked(
    codec: str, photograph: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compress", str(photograph), "-c", codec, "-f"]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [found[name] for name in ("psnr_rgb", "ms_ssim", "decode_s")] == [None] * 3
    assert main(words) == 0
    assert not re.search("PSNR|decoded", capsys.readouterr().out)
    assert main([*words, "--measure"]) == 0
    measured = r"bpp, PSNR \d+\.\d\d dB, MS-SSIM 0\.\d{4}, encoded in .* s, decoded in"
    assert re.search(measured, capsys.readouterr().out)


def test_a_small_image_has_no_ms_ssim_in_json(
    codec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (17, 1), "blue").save(tmp_path / "small.png")
    assert main(["compress", str(tmp_path / "small.png"), "-c", codec, "--json", "--measure"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ms_ssim"] is None
    assert math.isfinite(found["psnr_rgb"])


def test_a_file_that_is_no_codec_is_named(photograph: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compress", str(photograph), "-c", str(photograph)]) == 1
    error = capsys.readouterr().err
    assert photograph.name in error
    assert "litcodec export" in error
    assert error.count("\n") == 1


def test_export_names_what_is_not_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.ckpt").write_text("hello")
    torch.save({"state_dict": {}}, tmp_path / "other.ckpt")
    for name in ("text.ckpt", "other.ckpt", "missing.ckpt"):
        assert main(["export", str(tmp_path / name), str(tmp_path / "out.safetensors")]) == 1
        error = capsys.readouterr().err
        assert name in error
        assert error.count("\n") == 1
    assert not (tmp_path / "out.safetensors").exists()


def test_prepare_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "source"
    source.mkdir()
    Image.effect_noise((300, 280), 50).convert("RGB").save(source / "noise.png")
    (source / "broken.jpg").write_bytes(b"\xff\xd8 broken")
    assert main(["prepare", str(source), str(tmp_path / "shards"), "--num-workers", "1"]) == 0
    out = capsys.readouterr()
    assert "1 tiles of 1 photographs" in out.out
    assert "1 skipped" in out.out
    assert "broken.jpg" in out.err


def test_wrong_usage_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["compress"])
    assert caught.value.code == 2
    assert "required" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["compress", "", "-o", "a"],
        ["compress", "a", "-o", ""],
        ["compress", "a", "--bpp", "nan"],
        ["compress", "a", "--bpp", "-1"],
        ["compress", "a", "--bpp", "1e308"],
        ["compress", "a", "--max-bytes", "1e308k"],
        ["report", "", "-o", "a.html"],
        ["prepare", "a", ""],
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith(f"litcodec {arguments[0]}: argument ")


def test_help_comes_without_importing_torch() -> None:
    code = (
        "import sys, litcodec.cli as c\n"
        "try: c.main(['--help'])\n"
        "except SystemExit: print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "compress" in done.stdout
    assert done.stdout.endswith("False\n")


def test_debug_shows_where_it_failed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "missing.safetensors")
    assert main(["compress", "x.png", "-c", missing, "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err
