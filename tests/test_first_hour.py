"""What a newcomer types wrongly in the first hour is answered in one line that names it and the next step."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from litcodec.cli import main
from litcodec.data.images import load_image


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run a command in an empty folder with an image; returns its exit code and what it says on stderr."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (16, 16), "red").save("a.png")
    Path("set").mkdir()
    Image.new("RGB", (16, 16), "red").save("set/a.png")

    def run(words: str) -> tuple[int, str]:
        try:
            code = main(words.split())
        except SystemExit as error:
            code = int(error.code or 0)
        return code, capsys.readouterr().err.removesuffix("\n")

    return run


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (
            "compres a.png",
            2,
            "litcodec: there is no command compres. Did you mean compress? See litcodec --help",
        ),
        (
            "compress a.png --mesure",
            2,
            "litcodec compress: unrecognized arguments: --mesure. Did you mean --measure? "
            "See litcodec compress --help",
        ),
        (
            "evaluate cosine-3",
            2,
            "litcodec evaluate: the following arguments are required: --images; see litcodec evaluate --help",
        ),
        (
            "compress set",
            1,
            "litcodec: set: a folder, not an image. Give the files in it, such as set/*.png.",
        ),
        (
            "evaluate --baselines jpeg --images set/a.png -o r.json",
            1,
            "litcodec: set/a.png is a file, not a folder. Give the folder that it lies in.",
        ),
        (
            "evaluate --baselines jpeg --images sets -o r.json",
            1,
            "litcodec: sets is not a folder: there is nothing of that name.",
        ),
        (
            "compress a.png -o /proc/a.litc",
            1,
            "litcodec: a.png: /proc/a.litc: no such file or directory.",
        ),
        (
            "compress a.png -c cosine-1 -o b.litc",
            1,
            "litcodec: a.png: this codec only decodes: its file has no encoder. Compress with another; "
            "litcodec codecs lists them.",
        ),
        (
            "evaluate cosine-1 --images set -o r.json",
            1,
            "litcodec: cosine-1 only decodes: its file has no encoder, so it cannot be evaluated. "
            "litcodec codecs lists the others.",
        ),
        ("decompress a.litc -o b.jpg", 1, "litcodec: a.litc: b.jpg would hold a PNG: name it b.png."),
    ],
)
def test_a_wrong_command_is_one_line(words: str, code: int, line: str, said) -> None:
    assert said(words) == (code, line)
    assert not Path("r.json").exists()


def test_a_codec_that_is_not_there_is_answered_with_those_that_are(said) -> None:
    code, line = said("compress a.png -c cosine")
    assert code == 1
    assert line.startswith("litcodec: there is no codec file cosine, and no packaged codec of that name: ")
    assert "cosine-3" in line


def test_an_unknown_command_is_answered_with_all(said) -> None:
    code, line = said("train")
    assert code == 2
    assert line.startswith(
        "litcodec: there is no command train. There are fit, validate, test, predict, export,"
    )


def test_only_transparency_that_shows_is_said_to_be_dropped(tmp_path: Path) -> None:
    pixels = np.full((8, 8, 4), 255, dtype=np.uint8)
    for mode, channels in (("RGBA", 4), ("LA", 2)):
        Image.fromarray(pixels[..., :channels], mode).save(tmp_path / "opaque.png")
        assert load_image(tmp_path / "opaque.png").dropped == ()
    pixels[0, 0, 3] = 254
    Image.fromarray(pixels, "RGBA").save(tmp_path / "one.png")
    assert load_image(tmp_path / "one.png").dropped == ("transparency, composited on white",)
