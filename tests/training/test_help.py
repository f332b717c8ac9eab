"""``litcodec fit --help`` is short, true and whole; a misspelt key is answered with the right one."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import lightning as L
import pytest

import litcodec.callbacks
import litcodec.codecs
import litcodec.data
from litcodec.cli import main
from litcodec.codecs import Codec, TransformCodec
from litcodec.configuration.misspelt_keys import _arguments, misspelt_key
from litcodec.fit_help import CALLBACKS, CODECS, DATAMODULES, OBJECTIVES, short_help
from litcodec.training import CodecModule
from litcodec.training.cli import LitcodecCLI

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def _subclasses(room: object, kind: type) -> set[str]:
    exported = {name: getattr(room, name) for name in room.__all__}  # type: ignore[attr-defined]
    return {name for name, found in exported.items() if inspect.isclass(found) and issubclass(found, kind)}


def test_the_short_help_fits_on_a_screen_and_imports_nothing_heavy():
    code = (
        "import sys; from litcodec.cli import main; main(['fit', '--help']); sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert 30 < len(lines) <= 50
    assert max(map(len, lines)) <= 116


def test_it_lists_every_class_that_can_be_named():
    kinds = {Codec.__name__, TransformCodec.__name__}
    assert set(CODECS) == _subclasses(litcodec.codecs, Codec) - kinds
    assert set(DATAMODULES) == _subclasses(litcodec.data, L.LightningDataModule)
    assert set(CALLBACKS) == {
        name for name in _subclasses(litcodec.callbacks, L.Callback) if not name.startswith("Validation")
    }
    assert set(OBJECTIVES) < set(litcodec.objectives.__all__)


def test_every_option_in_it_is_one(capsys: pytest.CaptureFixture[str]):
    assert main(["fit", "--help", "all"]) == 0
    known = set(re.findall(r"--[\w.]+", capsys.readouterr().out))
    assert main(["fit", "--help", "data"]) == 0
    known |= set(re.findall(r"--[\w.]+", capsys.readouterr().out))
    said = set(re.findall(r"--[\w.]+", short_help("fit", "train a codec"))) - {"--OPTION", "--help"}
    ours = {"--plugin", "--debug"}  # taken by litcodec before Lightning sees them
    inside = {word for word in said if ".init_args." in word}
    assert said - ours - inside <= known
    assert len(known) > 100


@pytest.mark.parametrize("group", ["model", "trainer", "checkpoint"])
def test_one_group_is_shown_alone(group: str, capsys: pytest.CaptureFixture[str]):
    assert main(["fit", "--help", group]) == 0
    keys = re.findall(r"^  --(\w+)", capsys.readouterr().out, re.MULTILINE)
    assert len(keys) > 10
    assert set(keys) == {group}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model.lambda", "3"], "unrecognized arguments: --model.lambda 3. Did you mean model.lmbda?"),
        (
            ["--data.batchsize", "3"],
            "litcodec.data.FolderDataModule takes no batchsize. Did you mean batch_size?",
        ),
        (  # the beginning of a key is none
            ["--checkpoint.every_n_train_step", "3"],
            "unrecognized arguments: --checkpoint.every_n_train_step 3. "
            "Did you mean checkpoint.every_n_train_steps?",
        ),
        (
            ["--trainer.max_s", "3"],
            "unrecognized arguments: --trainer.max_s 3. Did you mean trainer.max_steps?",
        ),
        (["--run_nam", "a"], "unrecognized arguments: --run_nam a. Did you mean run_name?"),
        (["--model.codec.init_args.K", "3"], "litcodec.codecs.MeanScaleHyperprior takes no K."),
        (
            ["--model.codec", "litcodec.codecs.ScaleHyperpior"],
            "litcodec.codecs has no ScaleHyperpior. Did you mean ScaleHyperprior?",
        ),
        (
            ["--model.codec", "ScaleHyperpior"],
            "model.codec: there is no class ScaleHyperpior. Did you mean ScaleHyperprior?",
        ),
        (
            ["--data", "FolderDatamodule"],
            "data: there is no class FolderDatamodule. Did you mean FolderDataModule?",
        ),
        (
            ["--model.objective", "msssim"],
            "model.objective: there is no class msssim. Did you mean ms_ssim?",
        ),
    ],
)
def test_a_misspelt_key_is_answered_with_the_right_one(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit, match="2"):
        main(["fit", "--config", "configs/quickstart.yaml", *words])
    assert capsys.readouterr().err.splitlines()[-2] == f"litcodec: {said}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model.lambda", "1"], "unrecognized arguments: --model.lambda 1. Did you mean model.lmbda?"),
        (["--model.lambda=1"], "unrecognized arguments: --model.lambda=1. Did you mean model.lmbda?"),
        (
            ["--trainer.max_stepps", "3"],
            "unrecognized arguments: --trainer.max_stepps 3. Did you mean trainer.max_steps?",
        ),
        (  # the beginning of a key is none
            ["--trainer.max_step", "5"],
            "unrecognized arguments: --trainer.max_step 5. Did you mean trainer.max_steps?",
        ),
        (
            ["--config", "wrong.yaml"],
            "there is no key model.lambda. Did you mean model.lmbda?",
        ),
    ],
)
def test_a_misspelt_key_is_answered_before_anything_heavy_is_imported(
    words: list[str], said: str, tmp_path: Path
):
    (tmp_path / "wrong.yaml").write_text("model: {lambda: 1}\n")
    code = "import sys, atexit; from litcodec.cli import main\n"
    code += "atexit.register(lambda: print('torch' in sys.modules)); main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, "fit", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "False\n"), done.stderr
    assert done.stderr.splitlines()[0] == f"litcodec: {said}"


def test_no_argument_is_taken_for_a_misspelt_one():
    for section, kind in (("model", CodecModule), ("trainer", L.Trainer)):
        names = set(inspect.signature(kind).parameters)
        assert len(names) > 10
        assert misspelt_key([f"--{section}.{name}" for name in names]) is None
    assert misspelt_key(["--model", "mylab.Mine", "--model.lambda", "1"]) is None


def test_arguments_are_read_from_the_source_as_python_has_them():
    assert _arguments("model") == set(inspect.signature(CodecModule).parameters)
    assert _arguments("trainer") == set(inspect.signature(L.Trainer).parameters)


def test_subcommands_are_those_that_the_help_knows():
    assert set(LitcodecCLI.subcommands()) == {"fit", "validate", "test", "predict"}
