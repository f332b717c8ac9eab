"""What every command that writes a file does with an output that it must not, or can hardly, write."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from PIL import Image

from litcodec.cli import main
from litcodec.codec_files import save_codec
from litcodec.codecs import FactorizedPrior

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of wandb-workspaces' pydantic
GOLDEN = Path(__file__).parent / "golden"


class Command(NamedTuple):
    """A command line with a gap for its output."""

    words: tuple[str, ...]
    input: str  # that the output must not be
    default: str  # the name of the file in folder/
    refuses_files: bool = True  # without -f


COMMANDS = {
    "compress": Command(("compress", "p.png", "-c", "codec", "-o"), "p.png", "p.litc"),
    "decompress": Command(("decompress", "p.litc", "-c", "codec", "-o"), "codec", "p.png"),
    "evaluate": Command(
        ("evaluate", "codec", "--images", "i", "--metrics", "psnr", "-o"), "codec", "results.json", False
    ),
    "report": Command(
        ("report", "r.json", "--published", "none", "--format", "html", "-o"), "r.json", "report.html"
    ),
    "import-compressai": Command(
        ("import-compressai", "w.pth", "--arch", "mbt2018-mean"), "w.pth", "codec.safetensors"
    ),
    "workspace": Command(("workspace", "ours", "--spec"), "", "workspace.json"),
}
Run = Callable[..., int]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an input of every command."""
    folder = tmp_path_factory.mktemp("made")
    torch.manual_seed(0)
    save_codec(FactorizedPrior(N=8, M=12).eval().freeze(), folder / "codec")
    (folder / "i").mkdir()
    for path in (folder / "p.png", folder / "i" / "a.png"):
        Image.new("RGB", (20, 10), "red").save(path)
    shutil.copy(GOLDEN / "compressai" / "mbt2018-mean.pth.tar", folder / "w.pth")
    codec = str(folder / "codec")
    assert main(["compress", str(folder / "p.png"), "-c", codec]) == 0
    evaluate = ["evaluate", codec, "--images", str(folder / "i"), "--metrics", "psnr"]
    assert main([*evaluate, "-o", str(folder / "r.json")]) == 0
    return folder


@pytest.fixture
def run(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs a command in a copy of ``made``; a refusal is one line."""
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")

    def refused(name: str, output: str, *more: str) -> int:
        capsys.readouterr()
        code = main([*COMMANDS[name].words, output, *more])
        assert capsys.readouterr().err.count("\n") == (0 if code == 0 else 1)
        return code

    return refused


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_no_regular_file_is_never_replaced(name: str, run: Run):
    os.mkfifo("pipe")
    os.symlink("nowhere", "dangling")
    os.mkdir("folder")
    Path("folder", "kept").write_text("kept")
    outputs = ["pipe", "dangling", "/dev/null", "/dev/zero"]
    outputs += [] if name in ("compress", "decompress") else ["folder"]  # these write into it
    for output in outputs:
        for more in ((), ("-f",)):
            assert run(name, output, *more) == 1, (output, more)
    assert not Path("nowhere").exists()
    assert Path("folder", "kept").read_text() == "kept"


@pytest.mark.parametrize("name", COMMANDS)
def test_what_exists_is_kept_without_force(name: str, run: Run):
    Path("there.html").write_text("precious")
    assert run(name, "there.html") == 1
    assert Path("there.html").read_text() == "precious"
    assert run(name, "there.html", "-f") == 0
    assert Path("there.html").read_bytes() != b"precious"


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command.input])
def test_an_input_is_no_output_through_a_link(name: str, run: Run):
    before = Path(COMMANDS[name].input).read_bytes()
    os.symlink(COMMANDS[name].input, "link.html")
    for more in ((), ("-f",)):
        assert run(name, "link.html", *more) == 1
    assert Path(COMMANDS[name].input).read_bytes() == before


@pytest.mark.parametrize("name", COMMANDS)
def test_a_slash_makes_a_folder(name: str, run: Run):
    assert run(name, "deep/out/") == 0
    assert Path("deep/out", COMMANDS[name].default).is_file()


@pytest.mark.parametrize("name", COMMANDS)
def test_names_of_255_bytes_can_be_written(name: str, run: Run):
    long = f"{'n' * 250}.html"
    assert run(name, long) == 0
    assert Path(long).is_file()


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"compress", "decompress"}))
def test_a_dash_is_no_file(name: str, run: Run):
    with pytest.raises(SystemExit, match="2"):
        run(name, "-", "-f")
    assert not Path("-").exists()


def test_kept_files_are_written_to_no_links(run: Run):
    assert run("evaluate", "s.json") == 0
    (score,) = json.loads(Path("s.json").read_text())["points"][0]["scores"]
    before = Path("i/a.png").read_bytes()
    Path(score["file"]).unlink()
    os.symlink(Path("i/a.png").absolute(), score["file"])
    assert main([*COMMANDS["evaluate"].words, "s.json", "-f"]) == 1
    assert Path("i/a.png").read_bytes() == before


def test_shards_go_through_no_dangling_link(run: Run):
    os.symlink("nowhere", "shards")
    assert main(["prepare", "i", "shards"]) == 1
    assert not Path("nowhere").exists()


def test_results_are_read_from_no_pipe(run: Run):
    os.mkfifo("pipe")
    for path in ("pipe", "/dev/zero"):
        assert main(["report", path, "-o", "x.html"]) == 1
