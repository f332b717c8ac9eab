"""``litcodec evaluate`` as a user meets it."""

import contextlib
import itertools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from litcodec.baselines import BASELINE_KEYS, LOSSLESS_KEYS, Baselines, opening
from litcodec.cli import main
from litcodec.commands import evaluate as command
from litcodec.commands import progress_lines
from litcodec.evaluation import read_results


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, jpeg) -> list[str]:
    """Of all baselines only the tests' own is installed; gives the keys asked for."""
    asked: list[str] = []

    def opened(keys: Sequence[str]) -> Baselines:
        asked[:] = keys
        missing = tuple(f"{key}: pip install it" for key in keys if key != jpeg.key)
        return Baselines((jpeg,) if jpeg.key in keys else (), missing)

    monkeypatch.setattr(command, "open_baselines", opened)
    monkeypatch.setattr(opening, "BASELINE_KEYS", ("fake", "other"))
    return asked


def run(*words: str | Path) -> int:
    return main(["evaluate", *map(str, words)])


@pytest.mark.parametrize("keys", ["fake,other", "all"])
def test_a_baseline_that_is_missing_is_named_and_left_out(
    keys: str, two_codecs, installed, image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    output = tmp_path / "r.json"
    assert run(*two_codecs, "--images", image_folder, "--baselines", keys, "-o", output) == 0
    told = capsys.readouterr()
    assert installed == ["fake", "other"]
    assert told.err == "litcodec: left out other: pip install it\n"
    points = read_results(output).points
    assert [point.setting for point in points] == ["lmbda 0.0035", "lmbda 0.0130", "quality 30", "quality 60"]
    rows = told.out.splitlines()
    assert [row for row in rows if row.strip() in ("MeanScaleHyperprior (29k), MSE", "JPEG of the tests")]
    for point in points:
        (row,) = (row for row in rows if row.startswith(f"  {point.setting} "))
        bpp = sum(score.bpp for score in point.scores) / 3
        psnr = sum(score.values["psnr"] for score in point.scores) / 3
        ms_ssim_db = point.scores[0].values["ms_ssim_db"]  # of the only image that is large enough
        cells = row.removeprefix(f"  {point.setting}").split()
        assert cells[:4] == ["3", f"{bpp:.4f}", f"{psnr:.2f}", f"{ms_ssim_db:.2f}"]


def test_the_table_fits_into_100_columns_however_long_a_name_is(
    two_codecs, installed, image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    label = "a codec of a paper with a name " * 5
    words = ["--images", image_folder, "--baselines", "fake", "--label", label, "-o", "r.json"]
    with contextlib.chdir(tmp_path):
        assert run(*two_codecs, *words) == 0
    rows = capsys.readouterr().out.splitlines()
    assert max(map(len, rows)) <= 100
    assert "".join(row.strip() for row in rows).count("a codec of a paper") >= 1
    assert [row.split()[:3] for row in rows if "0.0130" in row] == [["lmbda", "0.0130", "3"]]


def test_what_fails_is_one_line_each_and_tried_again(
    two_codecs, jpeg, installed, image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (image_folder / "broken.png").write_bytes(b"no image")
    jpeg.fails = lambda x, quality: x.shape[2] == 56 and quality == 60
    words = [*two_codecs, "--images", image_folder, "--baselines", "fake", "-o", tmp_path / "r.json"]
    assert run(*words) == 1
    unreadable, failed, summary = capsys.readouterr().err.splitlines()
    assert unreadable.startswith(f"litcodec: {image_folder / 'broken.png'}: not an image")
    assert failed == ("litcodec: b é.png, JPEG of the tests, quality 60: no JPEG of (3, 40, 56) today")
    assert summary == "litcodec: 5 of 16 codings failed; the same command tries them again."

    (image_folder / "broken.png").unlink()
    jpeg.fails = lambda x, quality: False
    assert run(*words) == 0
    assert capsys.readouterr().err == "litcodec: continuing; 11 scores are there already.\n"


def test_help_names_every_baseline(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        run("--help")
    told = "".join(capsys.readouterr().out.split())
    assert f"{','.join(BASELINE_KEYS)},orall" in told
    assert f"{','.join(LOSSLESS_KEYS)},orlossless" in told


def test_wrong_usage_and_wrong_inputs_are_told_apart(
    two_codecs, installed, image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as caught:
        run("--images", image_folder)
    assert caught.value.code == 2
    assert "--baselines" in capsys.readouterr().err
    output = tmp_path / "r.json"
    for words, told in (
        ([tmp_path / "none.safetensors", "--images", image_folder], "none.safetensors"),
        ([*two_codecs, "--images", tmp_path / "nowhere"], "nowhere"),
        (["--images", image_folder, "--baselines", "other"], "nothing to evaluate"),
    ):
        assert run(*words, "-o", output) == 1
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith("litcodec: ")
        assert told in error
    assert not output.exists()


def test_label_size_limit_and_keeping_nothing_are_passed_on(
    two_codecs, installed, image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    output = tmp_path / "r.json"
    options = ["--label", "mine", "--max-pixels", "20000", "--no-keep", "-o", output]
    assert run(two_codecs[0], "--images", image_folder, *options) == 1
    assert "--max-pixels" in capsys.readouterr().err
    (point,) = read_results(output).points
    assert (point.curve, len(point.scores), len(point.failures)) == ("mine", 2, 1)
    assert {score.file for score in point.scores} == {""}


def test_a_process_that_is_killed_leaves_whole_results(image_folder: Path, tmp_path: Path):
    output = tmp_path / "r.json"
    # The signal that cannot be caught, sent when the fifth coding is about to begin.
    script = """
import os, signal, sys
from pathlib import Path
from conftest import CountingJpeg
from litcodec.evaluation import evaluate

def show(step):
    if step.done == 4:
        os.kill(os.getpid(), signal.SIGKILL)

evaluate([], Path(sys.argv[1]), Path(sys.argv[2]), baselines=[CountingJpeg()], progress=show)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, image_folder, output], cwd=Path(__file__).parent, check=False
    )
    assert done.returncode == -9
    points = read_results(output).points
    assert [[score.image for score in point.scores] for point in points] == [
        ["a.png", "b é.png", "below/c.png"],
        ["a.png"],
    ]


def test_a_long_evaluation_says_on_a_pipe_how_far_it_is(
    installed, image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
):
    words = ["--images", image_folder, "--baselines", "fake", "-o", tmp_path / "r.json"]
    assert run(*words) == 0
    assert capsys.readouterr().err == ""  # over within LINE_S
    # Each look at the clock finds it 20 s later: a line at every second one.
    clock = itertools.count(step=20)
    monkeypatch.setattr(progress_lines, "monotonic", lambda: float(next(clock)))
    assert run(*words, "--force") == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[0] == ("litcodec: 1 of 6 codings (b é.png, quality 30, JPEG of the tests), 3 min 20 s left")
