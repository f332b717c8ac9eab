"""Misspelt keys of the model are found without Lightning, in the words of the whole parser."""

import inspect
import subprocess
import sys
import time
from pathlib import Path

import pytest

from litcodec.fit_keys import misspelt_key, model_arguments
from litcodec.training import CodecModule


def test_the_arguments_are_those_of_the_module():
    assert model_arguments() == sorted(inspect.signature(CodecModule).parameters)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--model.lambda", "1"],
            "unrecognized arguments: --model.lambda 1. Did you mean model.lmbda?",
        ),
        (["--model.qqq=3"], "unrecognized arguments: --model.qqq 3."),
        (
            ["--config", "bad.yaml"],
            "Subcommand 'fit' does not accept option 'model.lambda'. Did you mean model.lmbda?",
        ),
        (["--model.distortion", "mse"], None),
        (["--model.lmbda", "1", "--model.codec.N", "8", "--model.init_args.lmbda_b", "0.4"], None),
        (["--model.lambda", "1", "--model.class_path", "mylab.Module"], None),
        (["--model.lambda", "1", "--config", "own.yaml"], None),
        (["--config", "missing.yaml"], None),
    ],
)
def test_only_what_is_certainly_wrong_is_refused(
    words: list[str], said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text("model:\n  lambda: 0.01\n")
    Path("own.yaml").write_text("model:\n  class_path: mylab.Module\n  weight: 2\n")
    assert misspelt_key("fit", words) == said


def test_a_misspelt_key_is_answered_in_less_than_3_seconds():
    begun = time.monotonic()
    words = ["fit", "--config", "configs/quickstart.yaml", "--model.lambda", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "litcodec", *words], capture_output=True, text=True, check=False
    )
    assert time.monotonic() - begun < 3
    assert done.returncode == 2
    assert done.stderr.startswith("litcodec: unrecognized arguments: --model.lambda 1. Did you mean")
