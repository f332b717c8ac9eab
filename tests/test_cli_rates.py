"""``litcodec compress -q | --bpp | --max-bytes``: one file for all rates."""

import json
from pathlib import Path

import pytest
import torch

from litcodec.cli import main
from litcodec.codec_files import save_codec
from litcodec.codecs import MeanScaleHyperprior, VariableRate
from litcodec.data import read_image, write_png
from litcodec.frozen import TrainingInfo
from litcodec.frozen.rates import level_of
from litcodec.metrics import psnr


@pytest.fixture(scope="module")
def codecs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files of a codec of one rate and of all."""
    torch.manual_seed(0)
    inner = MeanScaleHyperprior(N=8, M=12)
    with torch.no_grad():
        inner.latent_model.h_s[-1].bias[:12].fill_(2)  # scales that fit the latents, as after training
    made = {"one": inner, "all": VariableRate(inner)}
    folder = tmp_path_factory.mktemp("codecs")
    for name, codec in made.items():
        frozen = codec.eval().freeze()
        frozen.training = TrainingInfo(0.013, "mse")
        save_codec(frozen, folder / name)
    return {name: str(folder / name) for name in made}


@pytest.fixture
def photograph(tmp_path: Path, image_like) -> Path:
    write_png(tmp_path / "photograph.png", (image_like(75, 101)[0] * 255).to(torch.uint8))
    return tmp_path / "photograph.png"


def compressed(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, float]:
    assert main(["compress", *map(str, arguments), "--json", "--measure", "--force"]) == 0
    found: dict[str, float] = json.loads(capsys.readouterr().out)
    return found


def test_every_quality_makes_a_round_trip_and_bytes_rise(
    codecs: dict[str, str], photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = []
    for quality, level in ((1, 0), (50, 126), (62.5, 158), (100, 255)):
        found = compressed(capsys, photograph, "-c", codecs["all"], "-q", quality)
        assert (level_of(found["q"]), found["q"]) == (level, pytest.approx(quality, abs=0.3))
        sizes.append(found["bytes"])
        stream, back = photograph.with_suffix(".litc"), tmp_path / "back.png"
        assert main(["decompress", str(stream), "-c", codecs["all"], "-o", str(back), "--force"]) == 0
        capsys.readouterr()
        assert psnr(read_image(photograph), read_image(back)) == pytest.approx(found["psnr_rgb"], abs=0.01)
    assert sizes == sorted(set(sizes))
    assert level_of(compressed(capsys, photograph, "-c", codecs["all"])["q"]) == 128
    assert main(["compress", str(photograph), "-c", codecs["all"], "-q", "50", "--force"]) == 0
    assert ": 101x75, quality 49.9, " in capsys.readouterr().out


def test_limits_are_kept_and_what_was_reached_is_told(
    codecs: dict[str, str], photograph: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    use = (photograph, "-c", codecs["all"])
    middle = compressed(capsys, *use, "-q", 50)
    for option, limit in (("--max-bytes", middle["bytes"]), ("--bpp", middle["bpp"])):
        found = compressed(capsys, *use, option, limit)
        assert found["bytes"] <= middle["bytes"]
        assert found["q"] >= middle["q"]
        assert found["bytes"] == photograph.with_suffix(".litc").stat().st_size
    assert compressed(capsys, *use, "--max-bytes", "1.5M")["q"] == 100
    assert compressed(capsys, *use, "--max-bytes", "0.8k")["bytes"] <= 800


def test_a_limit_that_cannot_be_kept_writes_nothing(
    codecs: dict[str, str], photograph: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lowest = compressed(capsys, photograph, "-c", codecs["all"], "-q", 1)["bytes"]
    photograph.with_suffix(".litc").unlink()
    assert main(["compress", str(photograph), "-c", codecs["all"], "--max-bytes", "100"]) == 1
    error = capsys.readouterr().err
    assert f"photograph.png: the lowest rate of this codec takes {lowest} bytes" in error
    assert len(error.splitlines()) == 1
    assert {path.name for path in photograph.parent.iterdir()} == {"photograph.png"}


def test_a_codec_of_one_rate_has_none_to_choose(
    codecs: dict[str, str], photograph: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for option in (["-q", "50"], ["--bpp", "0.5"], ["--max-bytes", "10k"]):
        assert main(["compress", str(photograph), "-c", codecs["one"], *option]) == 1
        assert "need a VariableRate codec; this one is a MeanScaleHyperprior" in capsys.readouterr().err
    found = compressed(capsys, photograph, "-c", codecs["one"])
    assert found["q"] is None


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["-q", "0"], 1, "a quality is 1 to 100; got 0"),
        (["-q", "nan"], 1, "a quality is 1 to 100; got nan"),
        (["-q", "50", "--bpp", "1"], 2, "not allowed with"),
        (["--max-bytes", "12q"], 2, "--max-bytes"),
        (["--max-bytes=-3k"], 2, "must be above 0"),
        (["--bpp", "0"], 2, "must be above 0"),
        (["--bpp", "nan"], 2, "must be above 0"),
        (["--bpp", "-1"], 2, "must be above 0"),
        (["--bpp", "1e308"], 2, "must be at most 1000000"),
        (["--max-bytes", "1e308k"], 2, "must be at most"),
    ],
)
def test_wrong_rates_are_named(
    options: list[str],
    code: int,
    message: str,
    codecs: dict[str, str],
    photograph: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["compress", str(photograph), "-c", codecs["all"], *options]
    if code == 2:
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    else:
        assert main(arguments) == code
    assert message in capsys.readouterr().err


def test_effort_makes_another_stream_that_costs_less(
    codecs: dict[str, str], photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    costs = []
    for effort in (0, 5):
        found = compressed(capsys, photograph, "-c", codecs["all"], "-q", 60, "--effort", effort)
        assert level_of(found["q"]) == level_of(60)
        squares = 255**2 * 10 ** (-found["psnr_rgb"] / 10)
        costs.append(found["bpp"] + 0.0018 * (0.0932 / 0.0018) ** (level_of(60) / 255) * squares)
    assert costs[1] < 0.99 * costs[0]
    limited = compressed(capsys, photograph, "-c", codecs["all"], "--max-bytes", 700, "--effort", 1)
    assert limited["bytes"] <= 700
    back = tmp_path / "back.png"
    assert (
        main(["decompress", str(photograph.with_suffix(".litc")), "-c", codecs["all"], "-o", str(back)]) == 0
    )
    assert psnr(read_image(photograph), read_image(back)) == pytest.approx(limited["psnr_rgb"], abs=0.01)


def test_effort_where_there_is_nothing_to_refine_is_refused(
    photograph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compress", str(photograph), "--lossless", "--effort", "3"]) == 1
    assert "refines no latents" in capsys.readouterr().err
    for wrong in (["--effort", "10"], ["--effort", "3", "--overfit"]):
        with pytest.raises(SystemExit) as ended:
            main(["compress", str(photograph), *wrong])
        assert ended.value.code == 2
        assert "--effort" in capsys.readouterr().err
    assert not photograph.with_suffix(".litc").exists()
