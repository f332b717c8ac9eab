"""Class names alone are enough, on the command line and in config files; so are the objectives' words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from litcodec.cli import main

CONFIG = """
model:
  codec:
    class_path: VariableRate
    init_args: {inner: {class_path: FactorizedPrior, init_args: {N: 4, M: 6}}}
  objective: %s
data:
  class_path: StreamDataModule
  init_args: {train_url: shards}
"""

WATCHED = """
trainer:
  callbacks:
    - class_path: Reconstructions
      init_args: {every_n_validations: 2}
    - RDPoints
    - class_path: LearningRateMonitor
  logger: {class_path: CSVLogger, init_args: {save_dir: .}}
model:
  optimizer: {class_path: AdamW}
  lr_scheduler: {class_path: StepLR, init_args: {step_size: 3}}
"""


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    with pytest.raises(SystemExit, match="0"):
        main(["fit", *words, "--print_config"])
    found = yaml.safe_load(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_names_on_the_command_line(capsys: pytest.CaptureFixture[str]):
    words = "--model.codec MeanScaleHyperprior --model.codec.N 8 --data FolderDataModule".split()
    found = printed(capsys, *words, "--model.objective", "ms_ssim")
    assert found["model"]["codec"]["class_path"] == "litcodec.codecs.MeanScaleHyperprior"
    assert found["model"]["codec"]["init_args"]["N"] == 8
    assert found["data"]["class_path"] == "litcodec.data.FolderDataModule"
    assert found["model"]["objective"]["class_path"] == "litcodec.objectives.ms_ssim"


@pytest.mark.parametrize(
    ("objective", "class_path"),
    [
        ("mixed", "litcodec.objectives.mixed"),
        ("{class_path: Objective, init_args: {terms: [{distortion: L1}]}}", "litcodec.objectives.Objective"),
    ],
)
def test_names_in_a_config_file(
    objective: str, class_path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "short.yaml").write_text(CONFIG % objective)
    found = printed(capsys, "--config", str(tmp_path / "short.yaml"))
    codec = found["model"]["codec"]
    assert codec["class_path"] == "litcodec.codecs.VariableRate"
    assert codec["init_args"]["inner"]["class_path"] == "litcodec.codecs.FactorizedPrior"
    assert found["data"]["class_path"] == "litcodec.data.StreamDataModule"
    assert found["model"]["objective"]["class_path"] == class_path
    if terms := found["model"]["objective"].get("init_args", {}).get("terms"):
        assert terms[0]["distortion"]["class_path"] == "litcodec.objectives.L1"


def test_callbacks_loggers_and_optimisers_are_named_alone(tmp_path: Path) -> None:
    """In a process of its own: nothing has imported their modules before."""
    (tmp_path / "watched.yaml").write_text(WATCHED)
    words = ["--config", "watched.yaml", "--trainer.callbacks+", "ReportPage", "--data", "OneImage"]
    done = subprocess.run(
        [sys.executable, "-m", "litcodec", "fit", *words, "--print_config"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = yaml.safe_load(done.stdout)
    callbacks = [each["class_path"] for each in found["trainer"]["callbacks"]]
    ours = ["Reconstructions", "RDPoints", "ReportPage"]
    assert callbacks[:2] + callbacks[3:] == [f"litcodec.callbacks.{name}" for name in ours]
    assert callbacks[2] == "lightning.pytorch.callbacks.LearningRateMonitor"
    assert found["trainer"]["callbacks"][0]["init_args"]["every_n_validations"] == 2
    assert found["trainer"]["logger"]["class_path"] == "lightning.pytorch.loggers.CSVLogger"
    assert found["data"]["class_path"] == "litcodec.data.OneImage"
    assert found["model"]["optimizer"]["class_path"] == "torch.optim.AdamW"
    assert found["model"]["lr_scheduler"]["class_path"] == "torch.optim.lr_scheduler.StepLR"
