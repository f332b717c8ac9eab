"""A codec of variable rate: one file, one curve of several points."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from litcodec.baselines import open_baselines
from litcodec.cli import main
from litcodec.codec_files import load_codec
from litcodec.codecs import FactorizedPrior, MeanScaleHyperprior, VariableRate
from litcodec.data import read_image
from litcodec.errors import CodecFileError, ShapeError
from litcodec.evaluation import evaluate, read_results
from litcodec.evaluation.coders import baseline_at_rate, codec_at_rate
from litcodec.evaluation.curves import curves_of
from litcodec.evaluation.under_test import baselines_under_test, codecs_under_test
from litcodec.frozen import TrainingInfo, to_stream
from litcodec.frozen.rates import level_of


@pytest.fixture(scope="module")
def variable(tmp_path_factory: pytest.TempPathFactory, make_codec: Callable[..., Path]) -> Path:
    codec = VariableRate(FactorizedPrior(N=8, M=12), lmbda_min=0.0018, lmbda_max=0.18)
    folder = tmp_path_factory.mktemp("variable")
    return make_codec(folder / "codec.safetensors", codec=codec, notes=TrainingInfo(0.018, "mse", 1))


def test_one_file_is_a_curve_of_the_qualities_asked_for(
    variable: Path, image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "results.json"
    command = ["evaluate", str(variable), "--images", str(image_folder), "-o", str(output)]
    assert main([*command, "--qualities", "80,10,45.5"]) == 0
    results = read_results(output)
    (curve,) = curves_of([results])
    assert curve.name == "FactorizedPrior (14k), lmbda 0.0018 to 0.18, MSE"
    expected = {f"q {q:g}": 0.0018 * 100 ** (level_of(q) / 255) for q in (10, 45.5, 80)}
    assert {point.setting: point.lmbda for point in curve.points} == pytest.approx(expected)
    (point,) = [point for point in results.points if point.setting == "q 80"]
    codec = load_codec(variable).at(level_of(80))
    for score in point.scores:
        x = read_image(image_folder / score.image)[None].float() / 255
        assert (output.parent / score.file).read_bytes() == to_stream(codec, x)

    # Asked for one more, it measures that one alone.
    steps = []
    evaluate([variable], image_folder, output, qualities=(10, 80, 100), progress=steps.append)
    assert (steps[0].total, steps[0].kept) == (3, 6)
    (curve,) = curves_of([read_results(output)])
    assert {point.setting for point in curve.points} == {"q 10", "q 45.5", "q 80", "q 100"}


def test_without_being_told_eight_rates_are_measured(variable: Path, two_codecs: list[Path]) -> None:
    found = codecs_under_test([variable, *two_codecs], label=None, max_pixels=2**20, before=[])
    settings = [candidate.point.setting for candidate in found]
    assert settings[0] == "q 1"
    assert settings[7:] == ["q 100", "lmbda 0.0035", "lmbda 0.0130"]
    with pytest.raises(ShapeError, match="got 0"):
        codecs_under_test([variable], label=None, max_pixels=2**20, before=[], qualities=[0])


def test_qualities_of_codecs_that_have_none_are_refused(variable: Path, two_codecs: list[Path]) -> None:
    with pytest.raises(
        CodecFileError,
        match=r"low.safetensors, high.safetensors: not of variable rate.*leave --qualities out",
    ):
        codecs_under_test(two_codecs, label=None, max_pixels=2**20, before=[], qualities=[10])
    assert (
        len(
            codecs_under_test(
                [variable, *two_codecs], label=None, max_pixels=2**20, before=[], qualities=[10]
            )
        )
        == 3
    )


def test_at_a_wanted_rate_each_image_has_the_quality_whose_file_is_nearest(
    variable: Path, jpeg, image_folder: Path, tmp_path: Path
) -> None:
    """By trying all: no other quality of 256, or of JPEG's 31, is nearer."""
    path = tmp_path / "results.json"
    results = evaluate([variable], image_folder, path, baselines=[jpeg], rates=(0.28, 6.5))
    assert [(p.curve, p.setting) for p in results.points[2:]] == [
        (jpeg.name, "0.28 bpp"),
        (jpeg.name, "6.5 bpp"),
    ]
    codec = load_codec(variable)
    for point in results.points:
        wanted = float(point.setting.split()[0])
        for score in point.scores:
            x = read_image(image_folder / score.image)
            if point.kind == "codec":
                sizes = [len(to_stream(codec.at(k), x[None].float() / 255)) for k in range(0, 256, 5)]
            else:
                sizes = [len(jpeg.compress(x, quality)) for quality in range(30, 61)]
            pixels = score.width * score.height
            distances = [abs(math.log(8 * size / pixels / wanted)) for size in sizes]
            assert abs(math.log(score.bpp / wanted)) <= min(distances) + 1e-9
    again = evaluate([variable], image_folder, path, baselines=[jpeg], rates=(6.5, 0.28))
    assert repr(again.points) == repr(results.points)  # in words, as nan is not itself


def test_lossless_baselines_have_their_own_rate(jpeg) -> None:
    found = baselines_under_test([*open_baselines(("png",)).found, jpeg], (0.5,))
    assert [tested.point.setting for tested in found] == ["optimised", "0.5 bpp"]


def test_a_qp_falls_as_the_rate_rises_and_other_scales_need_no_whole_numbers(image_like) -> None:
    class Scale:
        name, key, suffix, source = "s", "s", ".s", "s"
        qualities: tuple[float, ...] = (47, 17)
        tried: list[float] = []  # noqa: RUF012

        def compress(self, x: object, quality: float) -> bytes:
            self.tried.append(quality)
            return b"x" * round(10_000 * 2 ** (-quality / 6))

    x, scale = torch.zeros(3, 100, 100), Scale()
    data = baseline_at_rate(scale, 1.0).encode(x)
    assert len(data) == round(10_000 * 2 ** (-18 / 6))  # QP 18 is the nearest of 17 to 47
    assert set(scale.tried) <= set(range(17, 48))
    scale.qualities = (-0.5, -30.25)
    assert len(scale.tried) <= 6
    with pytest.raises(CodecFileError, match="has one rate; leave --bpp out"):
        codec_at_rate(MeanScaleHyperprior(N=8, M=12).eval().freeze(), 1.0, max_pixels=2**20)


def test_the_command_measures_at_rates(variable: Path, image_folder: Path, tmp_path: Path, capsys) -> None:
    words = [
        "evaluate",
        str(variable),
        "--images",
        str(image_folder),
        "-o",
        str(tmp_path / "r.json"),
        "--bpp",
    ]
    assert main([*words, "7"]) == 0
    assert [point.setting for point in read_results(tmp_path / "r.json").points] == ["7 bpp"]
    with pytest.raises(SystemExit):
        main([*words, "0"])
    assert "--bpp" in capsys.readouterr().err


def test_effort_is_a_curve_of_its_own(
    image_folder: Path, tmp_path: Path, make_codec: Callable[..., Path]
) -> None:
    torch.manual_seed(0)
    notes = TrainingInfo(0.05, "mse", 1)
    codec = make_codec(tmp_path / "codec.safetensors", codec=MeanScaleHyperprior(N=8, M=12), notes=notes)
    output = tmp_path / "results.json"
    for effort in (0, 1):
        evaluate([codec], image_folder, output, label="tiny", effort=effort)
    curves = {curve.name: curve.points for curve in curves_of([read_results(output)])}
    assert set(curves) == {"tiny", "tiny, effort 1"}
    costs = [p.bpp + 0.05 * 255**2 * 10 ** (-p.scores["psnr"] / 10) for (p,) in curves.values()]
    assert costs[1] < costs[0]
