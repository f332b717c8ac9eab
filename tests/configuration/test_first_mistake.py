"""What is wrong with a configuration is said in a second, in the words that the parser itself would use."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from litcodec.cli import main
from litcodec.configuration import first_mistake
from litcodec.configuration.given import read_given
from litcodec.configuration.wrong_values import check_values

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"
BASE = ("--config", str(CONFIGS / "base.yaml"))
MYLAB = """
import lightning as L
from litcodec.codecs import FactorizedPrior

class Mine(FactorizedPrior):
    def __init__(self, N: int = 8, *, share: float = 0.5, form: "str | None" = None) -> None:
        super().__init__(N=N, M=8)

class Count(L.Callback):
    def __init__(self, n: int = 3) -> None:
        self.n = n
"""

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

# Said by ours and by the parser, word by word.
BOTH = [
    ("--model.codec Nope", "model.codec: there is no class Nope."),
    ("--model.codec Checkerbord", "model.codec: there is no class Checkerbord. Did you mean Checkerboard?"),
    ("--trainer.logger CSVLoger", "trainer.logger: there is no class CSVLoger."),
    (
        "--trainer.callbacks+ Reconstruction",
        "trainer.callbacks: there is no class Reconstruction. Did you mean Reconstructions?",
    ),
    ("--model.codec litcodec.codecs.Nope", "litcodec.codecs has no Nope."),
    ("--model.codec mylab.Min", "mylab has no Min. Did you mean Mine?"),
    ("--model.codec mylab.Mine --model.codec.K 3", "mylab.Mine takes no K."),
    (
        "--model.codec mylab.Mine --model.codec.share big",
        "model.codec.init_args.share must be a number; got big.",
    ),
    ("--model.codec.init_args.N abc", "model.codec.init_args.N must be a whole number; got abc."),
    (
        "--model.codec.init_args.gdn 7",
        "model.codec.init_args.gdn must be one of exact, simplified; got 7.",
    ),
    ("--model.lmbda high", "model.lmbda must be a number; got high."),
    ("--model.compile_transforms maybe", "model.compile_transforms must be true or false; got maybe."),
    ("--trainer.max_steps 1e5", "trainer.max_steps must be a whole number; got 100000.0."),
    ("--trainer.gradient_clip_val x", "trainer.gradient_clip_val must be a number or null; got x."),
    ("--trainer.fast_dev_run x", "trainer.fast_dev_run must be a whole number, true or false; got x."),
    (
        "--trainer.precision 17",
        "trainer.precision must be one of 64, 32, 16, transformer-engine, transformer-engine-float16, "
        "16-true, 16-mixed, bf16-true, bf16-mixed, 32-true, 64-true, bf16 or null; got 17.",
    ),
    (
        "--checkpoint.every_n_train_steps x",
        "checkpoint.every_n_train_steps must be a whole number or null; got x.",
    ),
    ("--data.batch_size many", "data.init_args.batch_size must be a whole number; got many."),
    ("--data.init_args.seed x", "data.init_args.seed must be a whole number; got x."),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a module of the user's in it."""
    (tmp_path / "mylab.py").write_text(MYLAB)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mylab", raising=False)
    return tmp_path


@pytest.mark.parametrize(("words", "said"), BOTH, ids=[words for words, _ in BOTH])
def test_a_mistake_is_said_as_the_parser_says_it(
    words: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert first_mistake([*BASE, *words.split()]) == said
    monkeypatch.setattr("litcodec.cli.first_mistake", lambda words: None)
    with pytest.raises(SystemExit, match="2"):
        main(["fit", *BASE, *words.split()])
    assert capsys.readouterr().err.splitlines()[-2] == f"litcodec: {said}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "there is no configuration. Give one, such as --config configs/quickstart.yaml."),
        ("--config missing.yaml", "there is no file missing.yaml in {folder}."),
        ("--config goood.yaml", "there is no file goood.yaml in {folder}. Did you mean good.yaml?"),
        ("--config /no/where.yaml", "there is no file /no/where.yaml."),
        ("--config .", "--config . is a folder; give a YAML file."),
        (
            "--config broken.yaml",
            "broken.yaml is not YAML: line 3, column 4: expected ',' or ']', but got ':'.",
        ),
        ("--config list.yaml", "list.yaml has no keys such as model: and trainer:, but only \"['a']\"."),
        (
            "--config good.yaml --data.train_dir /nowhere",
            "data.init_args.train_dir: there is no folder /nowhere.",
        ),
        ("--config good.yaml --data.train_dir empty", "data.init_args.train_dir: the folder empty is empty."),
        ("--config good.yaml --model.lmbda high", "model.lmbda must be a number; got high."),
        ("--config wrong.yaml", "model.codec.init_args.inner.init_args.N must be a whole number; got many."),
        (
            "--config good.yaml --model.codec nolab.X",
            "model.codec: there is no module nolab. Start litcodec where it lies, or install it.",
        ),
        (
            "--config good.yaml --data.batch_size null",
            "data.init_args.batch_size must be a whole number; got None.",
        ),
    ],
)
def test_files_folders_and_modules_that_are_not_there(words: str, said: str, folder: Path) -> None:
    Path("broken.yaml").write_text("model:\n  codec: [1, 2\n  x: }\n")
    Path("empty").mkdir()
    Path("list.yaml").write_text("- a\n")
    Path("good.yaml").write_text((CONFIGS / "base.yaml").read_text())
    inner = "{class_path: FactorizedPrior, init_args: {N: many}}"
    Path("wrong.yaml").write_text(
        f"model: {{codec: {{class_path: VariableRate, init_args: {{inner: {inner}}}}}}}\n"
    )
    assert first_mistake(words.split()) == said.format(folder=folder)


def test_an_import_that_fails_inside_the_users_module_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("brokenlab.py").write_text("import no_such_module\nclass X: pass\n")
    with pytest.raises(SystemExit, match="2"):
        main(["fit", *BASE, "--model.codec", "brokenlab.X"])
    said = "litcodec: model.codec: brokenlab.X cannot be imported: No module named 'no_such_module'."
    assert capsys.readouterr().err.splitlines()[-2] == said
    with pytest.raises(SystemExit, match="2"):
        main(["fit", *BASE, "--model.codec", "mylab.Count"])
    said = "litcodec: model.codec: mylab.Count is not a subclass of Codec."
    assert capsys.readouterr().err.splitlines()[-2] == said


def test_no_configuration_of_ours_is_refused(folder: Path) -> None:
    for name in ("train", "val"):  # of data/folder.yaml
        (folder / "photographs" / name / "a").mkdir(parents=True)
    checked = 0
    for path in sorted(CONFIGS.rglob("*.yaml")):
        below = CONFIGS / ("hybrid_sr.yaml" if path.parent.name == "enhancer" else "base.yaml")
        check_values(read_given(["--config", str(below), "--config", str(path)]))
        checked += 1
    assert checked > 50


@pytest.mark.parametrize(
    "words",
    [
        "--model.codec mylab.Mine --model.codec.N 4 --model.codec.form x --trainer.callbacks+ mylab.Count",
        "--model.codec Mine --trainer.callbacks mylab.Count",  # by its name, as its module is imported
        "--model mylab.Module --model.lmbdaa high",
        "--plugin mylab --model.codec Mine",
        "--model.codec FactorizedPrior --model.codec.N ${model.lmbda}",
        "--model.lmbda 1e-2 --model.learning_rate null --trainer.logger false --trainer.callbacks null",
        "--model.optimizer AdamW --model.lr_scheduler StepLR --model.lr_scheduler.step_size 3",
        "--model.codec small.yaml --trainer.accelerator gpu --trainer.devices auto --trainer.profiler simple",
        "--trainer.callbacks+ EarlyStopping --trainer.callbacks.monitor val/bpp --data.train_dir null",
        "--model.codec mylab.Made.up --data callbacks.RDPoints --seed_everything false",
    ],
)
def test_what_may_be_right_is_left_to_the_parser(words: str, folder: Path) -> None:
    with Path("mylab.py").open("a") as file:
        file.write(
            "\nclass Made: ...\n\nclass Module(L.LightningModule):\n    def __init__(self, **rest): ...\n"
        )
    assert first_mistake([*BASE, *words.split()]) is None


def test_a_printed_configuration_is_not_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has every key of every class, with its default."""
    with pytest.raises(SystemExit, match="0"):
        main(["fit", *BASE, "--print_config"])
    (tmp_path / "all.yaml").write_text(capsys.readouterr().out)
    assert first_mistake(["--config", str(tmp_path / "all.yaml")]) is None


def test_a_mistake_costs_less_than_three_seconds_of_one_core(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [*BASE, "--model.codec.init_args.N", "abc"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "litcodec", "fit", *words],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 2
    assert done.stderr == (
        "litcodec: model.codec.init_args.N must be a whole number; got abc.\n"
        "litcodec: see litcodec fit --help, or add --print_config\n"
    )
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3
    assert not list(tmp_path.iterdir())
