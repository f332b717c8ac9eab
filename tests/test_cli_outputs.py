"""``compress`` and ``decompress``: standard streams, originals, signals."""

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from litcodec.cli import main
from litcodec.codec_files import save_codec
from litcodec.codecs import FactorizedPrior
from litcodec.data import image_size

LITCODEC = (sys.executable, "-m", "litcodec")


@pytest.fixture(scope="module")
def codec(tmp_path_factory: pytest.TempPathFactory) -> str:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("codec") / "codec"
    save_codec(FactorizedPrior(N=8, M=12).eval().freeze(), path)
    return str(path)


def test_a_pipe_goes_to_bytes_and_back(codec: str, tmp_path: Path):
    Image.new("RGB", (20, 10), "red").save(tmp_path / "a.png")
    original = (tmp_path / "a.png").read_bytes()
    stream = subprocess.run([*LITCODEC, "compress", "-", "-c", codec], input=original, capture_output=True)
    assert stream.stdout.startswith(b"litc")
    assert stream.stderr.startswith(b"-: 20x10, ")
    back = subprocess.run(
        [*LITCODEC, "decompress", "-", "-c", codec], input=stream.stdout, capture_output=True
    )
    (tmp_path / "back.png").write_bytes(back.stdout)
    assert image_size(tmp_path / "back.png") == (10, 20)
    assert main(["compress", str(tmp_path / "a.png"), "-c", codec]) == 0
    assert (tmp_path / "a.litc").read_bytes() == stream.stdout


def test_what_is_no_image_in_a_pipe_is_one_line(
    codec: str, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"no")))
    assert main(["compress", "-", "-c", codec]) == 1
    written = capfdbinary.readouterr()
    assert written.out == b""
    assert written.err.count(b"\n") == 1
    assert b"standard input: not an image" in written.err


def test_an_original_is_replaced_only_by_name(codec: str, tmp_path: Path, capsys):
    Image.new("RGB", (20, 10), "red").save(tmp_path / "a.png")
    original = (tmp_path / "a.png").read_bytes()
    assert main(["compress", str(tmp_path / "a.png"), "-c", codec]) == 0
    decompress = ["decompress", str(tmp_path / "a.litc"), "-c", codec, "-f"]
    assert main(decompress) == 1
    assert "it may be the original" in capsys.readouterr().err
    assert main([*decompress, "-o", f"{tmp_path}/"]) == 1
    assert (tmp_path / "a.png").read_bytes() == original
    assert main([*decompress, "-o", str(tmp_path / "a.png")]) == 0
    assert main(decompress) == 0  # ours by now


def test_no_input_of_a_batch_is_an_output(codec: str, tmp_path: Path, capsys):
    Image.new("RGB", (20, 10), "red").save(tmp_path / "a.png")
    Image.new("RGB", (20, 10), "blue").save(tmp_path / "b.png")
    (tmp_path / "b.png").rename(tmp_path / "a.litc")
    inputs = [str(tmp_path / "a.png"), str(tmp_path / "a.litc")]
    assert main(["compress", inputs[0], "-c", codec, "-f", "-o", codec]) == 1
    assert "is the input" in capsys.readouterr().err
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.litc").symlink_to(tmp_path / "a.litc")
    Image.new("RGB", (20, 10)).save(tmp_path / "x" / "a.png")
    assert main(["compress", inputs[1], str(tmp_path / "x" / "a.png"), "-c", codec, "-f"]) == 1
    assert capsys.readouterr().err.count("is the input") == 2
    assert image_size(tmp_path / "a.litc") == (10, 20)


def test_what_is_dropped_of_every_image_is_said(codec: str, tmp_path: Path, capsys):
    for name in "ab":
        Image.new("RGBA", (20, 10), (255, 0, 0, 99)).save(tmp_path / f"{name}.png")
    images = [str(tmp_path / f"{name}.png") for name in "ab"]
    assert main(["compress", *images, "-c", codec]) == 0
    assert capsys.readouterr().out.count("; dropped transparency, composited on white\n") == 2
    assert main(["compress", *images, "-c", codec, "--json", "-f"]) == 0
    assert capsys.readouterr().out.count('"dropped": ["transparency, composited on white"]') == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_no_part_file(tmp_path: Path, number: signal.Signals):
    program = (
        "import sys, time; from pathlib import Path\n"
        "from litcodec.commands.termination import orderly_termination\n"
        "from litcodec.evaluation import atomic_output\n"
        "with orderly_termination(), atomic_output(Path(sys.argv[1]), overwrite=True) as file:\n"
        "    print('ready', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "a")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    assert len(os.listdir(tmp_path)) == 1
    process.send_signal(number)
    process.stdout.close()
    assert process.wait(timeout=20) == 128 + number
    assert os.listdir(tmp_path) == []
