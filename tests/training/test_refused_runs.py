"""What a run cannot do is one line, and leaves no trace of something that did not happen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
import yaml

from litcodec.cli import main
from litcodec.codecs import FactorizedPrior
from litcodec.errors import OptionError
from litcodec.training import CodecModule
from litcodec.training.settings import check_same_settings
from tests.in_process import litcodec
from tests.training.runs import command, fit_here

pytestmark = pytest.mark.filterwarnings("default")  # Lightning warns before it is refused
SHORT = ("--trainer.max_steps", "3")
WANDB = ("--trainer.logger", "lightning.pytorch.loggers.WandbLogger")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of three steps, and checkpoints whose names have slashes."""
    root = tmp_path_factory.mktemp("trained")
    named = ("--checkpoint.filename", "{epoch}/loss={train/loss:.0f}", "--checkpoint.save_top_k", "-1")
    fit_here(root, *SHORT, *named, "--checkpoint.every_n_train_steps", "2")
    return root


def checkpoint_of(root: Path) -> Path:
    return root / "runs" / "tiny" / "001" / "checkpoints" / "last.ckpt"


@pytest.fixture
def refuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """Run ``litcodec fit`` and return the line that refuses it."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, root: Path = tmp_path, code: int = 1) -> str:
        if code == 2:  # as argparse leaves
            with pytest.raises(SystemExit, match="2"):
                main(command(root, *words)[3:])
        else:
            assert main(command(root, *words)[3:]) == code
        said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("litcodec: ")]
        assert len(said) == (2 if code == 2 else 1), said  # 2: and "see litcodec fit --help"
        return said[0].removeprefix("litcodec: ")

    return run


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["--model.learning_rate", "1e-4"], ("model.learning_rate", "0.001", "0.0001")),
        (["--model.lr_scheduler=torch.optim.lr_scheduler.StepLR", "--model.lr_scheduler.step_size=9"],
         ("model.lr_scheduler", "null", "StepLR")),
        (["--data.init_args.batch_size", "2"], ("data.init_args.batch_size", "4", "2")),
        (["--trainer.accumulate_grad_batches", "2"], ("trainer.accumulate_grad_batches", "1", "2")),
        (["--seed_everything", "4"], ("seed_everything", "3", "4")),
    ],
)  # fmt: skip
def test_a_run_does_not_go_on_with_a_setting_that_its_checkpoint_overrules(
    words: list[str], values: tuple[str, str, str], trained: Path, refuse: Callable[..., str]
) -> None:
    run = checkpoint_of(trained).parents[1]
    before = sorted(path.name for path in run.glob("config*.yaml"))
    said = refuse(
        "--ckpt_path", str(checkpoint_of(trained)), "--trainer.max_steps", "5", *words, root=trained
    )
    key, old, new = values
    assert said.startswith(f"the checkpoint is of a run with {key} {old}, now it is ")
    assert new in said
    assert sorted(path.name for path in run.glob("config*.yaml")) == before


def test_of_a_long_setting_the_argument_that_differs_is_named() -> None:
    before, now = (
        {"model.lr_scheduler": {"class_path": "OneCycleLR", "init_args": {"max_lr": 1e-3, "total_steps": n}}}
        for n in (2, 3)
    )
    said = r"model\.lr_scheduler\.init_args\.total_steps 2, now it is 3: a run goes on as it began"
    with pytest.raises(OptionError, match=said):
        check_same_settings(before, now)


def test_a_run_goes_on_with_another_lambda_which_is_recorded(trained: Path) -> None:
    (deep,) = checkpoint_of(trained).parent.glob("epoch=0/loss=train/*.ckpt")
    fit_here(trained, "--ckpt_path", str(deep), "--trainer.max_steps", "4", "--model.lmbda", "0.02")
    # In the same folder, although the checkpoint's name has slashes.
    assert [path.name for path in (trained / "runs" / "tiny").iterdir() if path.name.isdigit()] == ["001"]
    found = torch.load(checkpoint_of(trained), weights_only=True)
    assert (found["global_step"], found["litcodec"]["training"]["lmbda"]) == (4, 0.02)
    config = yaml.safe_load((checkpoint_of(trained).parents[1] / "config-2.yaml").read_text())
    assert config["model"]["lmbda"] == 0.02


@pytest.mark.parametrize("precision", ["64-true", "bf16-true", "16-true", "transformer-engine"])
def test_weights_stay_float32(precision: str, refuse: Callable[..., str]) -> None:
    assert refuse("--trainer.precision", precision).startswith(f"trainer.precision {precision} keeps weights")


def test_weights_stay_float32_in_python_too() -> None:
    trainer = L.Trainer(precision="64-true", accelerator="cpu", logger=False, enable_checkpointing=False)
    module = CodecModule(FactorizedPrior(N=4, M=6))
    with pytest.raises(OptionError, match=r"weights are torch\.float64; codecs are trained in float32"):
        trainer.fit(module, torch.utils.data.DataLoader(torch.rand(1, 3, 64, 64)))  # type: ignore[arg-type]
    torch.set_default_dtype(torch.float64)
    try:
        with pytest.raises(OptionError, match=r"weights are torch\.float64; codecs are trained in float32"):
            CodecModule(FactorizedPrior(N=4, M=6))
    finally:
        torch.set_default_dtype(torch.float32)


def test_wandb_without_a_key_is_one_line(
    refuse: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    said = refuse(*WANDB, "--trainer.logger.offline=false", *SHORT)
    assert said.startswith("W&B: ")
    assert "API key" in said
    assert said.endswith("Or work offline: WANDB_MODE=offline.")


def test_a_logger_whose_library_is_not_installed_is_one_line(
    refuse: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lightning.fabric.loggers.tensorboard._TENSORBOARD_AVAILABLE", False)
    monkeypatch.setattr("lightning.fabric.loggers.tensorboard._TENSORBOARDX_AVAILABLE", False)
    said = refuse("--trainer.logger", "lightning.pytorch.loggers.TensorBoardLogger", *SHORT)
    assert said.startswith("Neither `tensorboard` nor `tensorboardX` is available")
    assert said.endswith("Install it with pip, or leave it out.")


@pytest.mark.slow
def test_wandb_writes_where_its_variable_says(tmp_path: Path) -> None:
    words = command(tmp_path, *WANDB, *SHORT)[3:]
    done = litcodec(tmp_path, *words, WANDB_DIR=str(tmp_path / "elsewhere"))
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(list((tmp_path / "elsewhere").glob("wandb/offline-run-*/*.wandb"))) == 1
    assert not list((tmp_path / "runs").rglob("*.wandb"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model.lmbda", "1" + "0" * 400], "the configuration cannot be used: int too large"),
        (["--model.codec.init_args.N=-4"], "the configuration cannot be used: "),
        (["--model.codec.init_args.N", str(10**9)], "the configuration cannot be used: "),
        (["--data.init_args.num_workers=-1"], "data.num_workers must be at least 0; got -1."),
        (["--run_name="], "run_name is empty"),
        (["--run_name=a/../../b"], "run_name a/../../b leads out of run_root"),
    ],
)
def test_an_option_that_nothing_can_be_made_of_is_one_line(
    words: list[str], said: str, refuse: Callable[..., str]
) -> None:
    assert refuse(*words, *SHORT).startswith(said)


@pytest.mark.parametrize(
    ("text", "said", "code"),
    [
        ("run_name: ${model.lmbd}\n", "run_name: Interpolation key '.model.lmbd' not found", 1),
        ("run_name: ${model.lmbda\n", "run_name: no viable alternative at input '${model.lmbda'", 1),
        ("run_name: ${oc.evn:HOME}\n", "run_name: Unsupported interpolation type oc.evn", 1),
        ("model: &a\n  codec: *a\n", "o.yaml is nested too deeply, or refers to itself.", 1),
        ("a: " + "[" * 3000 + "]" * 3000, "o.yaml is nested too deeply, or refers to itself.", 1),
        ("a: [1\n", "o.yaml is not YAML: line 2, column 1: expected ',' or ']'", 2),
        ("a: \0\n", "o.yaml is not YAML: character 4 is one that YAML does not allow.", 2),
    ],
)
def test_a_config_that_is_none_is_one_line(
    text: str, said: str, code: int, refuse: Callable[..., str]
) -> None:
    Path("o.yaml").write_text(text)
    assert refuse("--config", "o.yaml", *SHORT, code=code).startswith(said)


def test_a_config_in_another_encoding_is_one_line(refuse: Callable[..., str]) -> None:
    Path("o.yaml").write_text("model: {lmbda: 0.01}\n", encoding="utf-16")
    assert refuse("--config", "o.yaml") == "o.yaml is not UTF-8 text: save it as such."


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, None) for key in ("state_dict", "litcodec", "optimizer_states", "pytorch-lightning_version")),
        *((key, "x") for key in ("state_dict", "litcodec", "optimizer_states", "pytorch-lightning_version")),
        ("loops", None),
        *((key, "x") for key in ("loops", "callbacks", "FolderDataModule")),
        ("state_dict", {"codec.x": torch.zeros(2)}),
    ],
)
def test_a_run_does_not_go_on_from_an_odd_checkpoint(
    key: str, value: object, trained: Path, refuse: Callable[..., str]
) -> None:
    found: dict[str, Any] = torch.load(checkpoint_of(trained), weights_only=True)
    found.pop(key)
    torch.save(found | ({} if value is None else {key: value}), "odd.ckpt")
    said = refuse("--ckpt_path", "odd.ckpt", "--trainer.max_steps", "9")
    assert "checkpoint" in said
    assert not list(Path("runs").rglob("config.yaml"))
