"""The same files, decoded with more or less realism: curves of their own, and one curve of the plane."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from litcodec.cli import main
from litcodec.codec_files import load_codec, synthesis_beside, synthesis_bytes
from litcodec.codecs import LappedCosine, VariableRate
from litcodec.data import read_image
from litcodec.evaluation import Step, evaluate, read_results
from litcodec.evaluation.curves import curves_of
from litcodec.evaluation.merging import merge_points
from litcodec.frozen import TrainingInfo
from litcodec.metrics import PSNR, Divergence, MetricInfo, scores_of
from litcodec.report import planes_of
from litcodec.report.decoding import Decoders, Source

BASE = "LappedCosine (103k), lmbda 0.001 to 0.1, MSE"


def _codec() -> VariableRate:
    torch.manual_seed(0)
    inner = LappedCosine(
        N=8, groups=(2, 4, 6), features=3, width=6, checkerboards=1, analysis_blocks=0, synthesis_blocks=0
    )
    return VariableRate(inner, lmbda_min=0.001, lmbda_max=0.1, anchors=2)


@pytest.fixture(scope="module")
def codec_file(tmp_path_factory: pytest.TempPathFactory, make_codec: Callable[..., Path]) -> Path:
    path = tmp_path_factory.mktemp("realism") / "mine.safetensors"
    make_codec(path, codec=_codec(), notes=TrainingInfo(0.01, "mse", 1))
    second = _codec()
    with torch.no_grad():
        second.inner.g_s[1].weight.mul_(0.5)
    synthesis_beside(path).write_bytes(synthesis_bytes(load_codec(path), second.freeze()))
    return path


def test_each_realism_decodes_the_same_files_and_is_a_curve(
    codec_file: Path, image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "results.json"
    command = ["evaluate", str(codec_file), "--images", str(image_folder), "-o", str(output)]
    assert main([*command, "--qualities", "40", "--realism", "0,0.5,1", "--metrics", "psnr"]) == 0
    results = read_results(output)
    assert [curve.name for curve in curves_of([results])] == [
        BASE,
        f"{BASE}, realism 0.5",
        f"{BASE}, realism 1",
    ]
    files = [[(output.parent / s.file).read_bytes() for s in point.scores] for point in results.points]
    assert files[0] == files[1] == files[2]
    errors = [[10 ** (-s.values["psnr"] / 10) for s in point.scores] for point in results.points]
    for least, half, most in zip(*errors, strict=True):
        assert least < half < most  # not of a trained one: here the second is worse on purpose

    # Measured as the report decodes it, and what is there already is not measured again.
    decoders = Decoders(max_pixels=2**20, device=torch.device("cpu"))
    for point in results.points:
        score = point.scores[0]
        pixels = decoders.decode(point, score, Source(results, output.parent))
        x = read_image(image_folder / score.image)
        assert scores_of(x, pixels, [PSNR])["psnr"] == pytest.approx(score.values["psnr"], abs=1e-9)
    steps: list[Step] = []
    again = {"qualities": (40,), "realism": (0.5, 1), "metrics": [PSNR]}
    evaluate([codec_file], image_folder, output, progress=steps.append, **again)  # type: ignore[arg-type]
    assert steps == []
    capsys.readouterr()


def test_points_of_several_realism_values_are_one_curve_of_the_plane(
    codec_file: Path, image_folder: Path, tmp_path: Path
) -> None:
    metric = MetricInfo("far", "Distance", "", False, 1)
    results = evaluate(
        [codec_file], image_folder, tmp_path / "r.json", qualities=(40,), realism=(0.5, 0, 1), metrics=[PSNR]
    )
    measured = [
        entry._replace(point=entry.point._replace(divergences=(Divergence("far", 5, 4, 6, 1.0, 3, 1000),)))
        for entry in merge_points([results])
    ]
    (plane,) = planes_of(measured, [metric]).planes
    assert [(p.curve, p.setting) for p in plane.points] == [
        (BASE, "q 40"),
        (BASE, "q 40, realism 0.5"),
        (BASE, "q 40, realism 1"),
    ]
    without = [entry for entry in measured if entry.point.realism]
    (plane,) = planes_of(without, [metric]).planes
    assert {p.curve for p in plane.points} == {f"{BASE}, realism 0.5"}  # a curve that the report draws


@pytest.mark.parametrize(
    ("realism", "message"), [("0.5", "two-realism.safetensors, so no realism"), ("2", "realism is 0")]
)
def test_realism_that_cannot_be_is_said_before_anything_is_measured(
    realism: str,
    message: str,
    codec_file: Path,
    image_folder: Path,
    tmp_path: Path,
    make_codec: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    codec = make_codec(tmp_path / "two.safetensors", codec=_codec()) if realism == "0.5" else codec_file
    command = ["evaluate", str(codec), "--images", str(image_folder), "-o", str(tmp_path / "r.json")]
    assert main([*command, "--realism", realism]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "r.json").exists()
