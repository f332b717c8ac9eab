import os
from pathlib import Path

import pytest
import yaml

from litcodec.cli import main
from litcodec.training.cli import LitcodecCLI

CONFIGS = Path(__file__).parents[1] / "configs"
OVERLAYS = sorted(p.relative_to(CONFIGS) for p in CONFIGS.glob("*/*.yaml"))
GPU = {Path("trainer/gpu.yaml"), Path("trainer/ddp.yaml")}  # here they can only be parsed

pytestmark = pytest.mark.filterwarnings("ignore:.*Checkpoint directory.*", "ignore:.*bf16.*")


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LitcodecCLI, "_run_subcommand", lambda self, subcommand: None)
    for name in ("LITCODEC_RUN_FOLDER", "PL_GLOBAL_SEED"):
        monkeypatch.setenv(name, "")  # so that what the run sets is undone


def build(tmp_path: Path, *arguments: str) -> int:
    return main(["fit", *arguments, "--run_root", str(tmp_path), "--trainer.logger", "false"])


@pytest.mark.parametrize("name", ["base.yaml", "quickstart.yaml"])
def test_a_config_of_its_own_builds(name: str, tmp_path: Path) -> None:
    assert build(tmp_path, "--config", str(CONFIGS / name)) == 0


@pytest.mark.parametrize("overlay", [o for o in OVERLAYS if o not in GPU], ids=str)
def test_an_overlay_builds_upon_the_base(overlay: Path, tmp_path: Path) -> None:
    assert build(tmp_path, "--config", str(CONFIGS / "base.yaml"), "--config", str(CONFIGS / overlay)) == 0


@pytest.mark.parametrize("overlay", sorted(GPU), ids=str)
def test_an_overlay_for_gpus_parses(overlay: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--config", str(CONFIGS / "base.yaml"), "--config", str(CONFIGS / overlay), "--print_config"]
    with pytest.raises(SystemExit) as caught:
        main(["fit", *arguments])
    assert caught.value.code == 0
    assert yaml.safe_load(capsys.readouterr().out)["trainer"]["accelerator"] == "gpu"


@pytest.mark.parametrize(
    ("argument", "key"),
    [
        ("--model.lmbdaa=0.1", "lmbdaa"),
        ("--model.codec.init_args.width=8", "width"),
        ("--trainer.max_stepss=8", "max_stepss"),
        ("--data.init_args.patchsize=8", "patchsize"),
    ],
)
def test_a_misspelt_key_is_named(
    argument: str, key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        build(tmp_path, "--config", str(CONFIGS / "base.yaml"), argument)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert key in error
    assert len(error.splitlines()) < 12  # not lost below a page of usage


def test_interpolation_sees_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(CONFIGS / "quickstart.yaml")
    changed = ["--trainer.max_steps", "77", "--model.learning_rate", "0.5"]
    with pytest.raises(SystemExit):
        main(["fit", "--config", config, *changed, "--print_config"])
    found = yaml.safe_load(capsys.readouterr().out)
    scheduler = found["model"]["lr_scheduler"]["init_args"]
    assert (scheduler["total_steps"], scheduler["max_lr"]) == (77, 0.5)


def test_a_second_run_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in ("001", "002", "003"):
        monkeypatch.setenv("LITCODEC_RUN_FOLDER", "")
        assert build(tmp_path, "--config", str(CONFIGS / "base.yaml")) == 0
        assert os.readlink(tmp_path / "base" / "latest") == number
        assert (tmp_path / "base" / number).is_dir()


def test_the_sweep_varies_keys_that_the_config_has() -> None:
    sweep = yaml.safe_load((CONFIGS.parent / "sweeps" / "lambda.yaml").read_text())
    assert list(sweep["parameters"]) == ["model.lmbda"]
    values = sweep["parameters"]["model.lmbda"]["values"]
    assert values == [0.0018, 0.0035, 0.0067, 0.0130, 0.0250, 0.0483, 0.0932, 0.1800]
    base = yaml.safe_load((CONFIGS / "base.yaml").read_text())
    assert "lmbda" in base["model"]
    assert (CONFIGS.parent / sweep["command"][sweep["command"].index("--config") + 1]).is_file()
