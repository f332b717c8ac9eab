"""Lossless codecs are measured in bits per sub-pixel, on real files, and are in tables of their own."""

from pathlib import Path

import pytest
import torch

from litcodec.baselines import open_baselines
from litcodec.cli import main
from litcodec.codec_files import save_codec
from litcodec.codecs import PixelAutoregressive
from litcodec.data import write_png
from litcodec.evaluation import read_results
from litcodec.evaluation.lossless import lossless_points
from litcodec.evaluation.merging import merge_points
from litcodec.report import markdown, page, report_data


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, image_like) -> Path:
    """An untrained lossless codec, PNG and JPEG, on two small images."""
    folder = tmp_path_factory.mktemp("lossless")
    (folder / "images").mkdir()
    for seed, size in enumerate([(24, 30), (17, 9)]):
        x = (image_like(*size, seed=seed)[0] * 255).round().to(torch.uint8)
        write_png(folder / "images" / f"{seed}.png", x)
    torch.manual_seed(0)
    save_codec(PixelAutoregressive(N=8, M=4, blocks=1, K=2).freeze(), folder / "tiny.safetensors")
    words = [folder / "tiny.safetensors", "--images", folder / "images", "--baselines", "png,jpeg"]
    assert main(["evaluate", *map(str, words), "-o", str(folder / "results.json")]) == 0
    return folder / "results.json"


def test_bits_per_sub_pixel_are_those_of_the_files(results: Path):
    points = lossless_points(merge_points([read_results(results)]))
    assert {point.curve for point in points} == {"PixelAutoregressive (1k)", "PNG"}
    (png,) = open_baselines(["png"]).found
    from litcodec.data import read_image

    expected = []
    for path in sorted((results.parent / "images").glob("*.png")):
        x = read_image(path)
        expected.append(8 * len(png.compress(x, 0)) / x.numel())
    (of_png,) = (point for point in points if point.curve == "PNG")
    assert list(of_png.images.values()) == pytest.approx(expected)
    assert of_png.bits_per_sub_pixel == pytest.approx(sum(expected) / 2)
    assert points[0].bits_per_sub_pixel <= points[1].bits_per_sub_pixel


def test_the_command_has_a_table_of_them(results: Path, capsys: pytest.CaptureFixture[str]):
    words = [results.parent / "tiny.safetensors", "--images", results.parent / "images"]
    assert main(["evaluate", *map(str, words), "--baselines", "png,jpeg", "-o", str(results)]) == 0
    told = capsys.readouterr().out
    rates, lossless = told.split("lossless", 1)
    assert "JPEG" in rates
    assert "PNG" not in rates
    assert "PNG, optimised" in lossless
    assert "PixelAutoregressive (1k), tiny" in lossless


def test_a_report_shows_them_apart_from_curves(results: Path):
    data = report_data([results], images=0)
    assert {entry.test for entry in data.bd} | {entry.anchor for entry in data.bd} <= {"JPEG"}
    assert [point.curve for point in data.lossless].count("PNG") == 1
    text = markdown(data)
    (line,) = [line for line in text.splitlines() if line.startswith("| PNG | optimised | 2 |")]
    png = next(point for point in data.lossless if point.curve == "PNG")
    assert f"| {png.bits_per_sub_pixel:.4f} |" in line
    assert f"| 0.png | {data.lossless[0].images['0.png']:.3f} |" in text
    assert '"lossless":[{"curve"' in page(data)
