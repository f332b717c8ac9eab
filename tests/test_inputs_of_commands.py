"""A pipe where a file is to be read is one line, at once: a pipe may never end."""

import os
import re
from pathlib import Path

import pytest
from PIL import Image

from litcodec.cli import main
from litcodec.zoo import default_card

CODEC = str(default_card().file)
RUN = [
    *("--model.codec", "FactorizedPrior", "--model.codec.init_args.N", "4", "--model.codec.init_args.M", "6"),
    *("--data", "litcodec.data.FolderDataModule", "--trainer.max_steps", "1", "--trainer.accelerator", "cpu"),
]
PIPES = {
    "compress": ["compress", "pipe.png"],
    "compress -c": ["compress", "image.png", "-c", "pipe.safetensors"],
    "decompress": ["decompress", "pipe.litc"],
    "decompress -c": ["decompress", "stream.litc", "-c", "pipe.safetensors"],
    "export safetensors": ["export", "pipe.safetensors", "out.safetensors"],
    "export": ["export", "pipe.ckpt", "out.safetensors"],
    "evaluate": ["evaluate", "pipe.safetensors", "--images", "images", "-o", "results.json"],
    "evaluate --images": ["evaluate", CODEC, "--images", "pipe.png", "-o", "results.json"],
    "evaluate -o": ["evaluate", CODEC, "--images", "images", "-o", "pipe.json"],
    "report": ["report", "pipe.json"],
    "sweep": ["sweep", "pipe.yaml"],
    "import-compressai": ["import-compressai", "pipe.pth", "out.safetensors", "--arch", "mbt2018"],
    "import-compressai safetensors": [
        "import-compressai",
        "pipe.safetensors",
        "out.safetensors",
        "--arch",
        "mbt2018",
    ],
    "prepare": ["prepare", "pipe.png", "shards"],
    "fit --ckpt_path": ["fit", *RUN, "--ckpt_path", "pipe.ckpt"],
    "fit start": ["fit", *RUN, "--model.start_checkpoint", "pipe.ckpt"],
}


@pytest.mark.parametrize("words", PIPES.values(), ids=PIPES.keys())
def test_a_pipe_where_a_file_is_read_is_one_line_at_once(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for word in words:
        if word.startswith("pipe."):
            os.mkfifo(word)
    Path("images").mkdir()
    for name in ("image.png", "images/image.png", "stream.litc"):
        Image.new("RGB", (8, 8)).save(name, "PNG")
    before = sorted(Path().rglob("*"))
    assert main(words) == 1
    error = [line for line in capsys.readouterr().err.splitlines() if "pipe" in line]
    assert any(re.search("not a (regular file|folder)|no checkpoint", line) for line in error), error
    assert sorted(Path().rglob("*")) == before
