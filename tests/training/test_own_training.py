"""A package outside of litcodec brings its distortion, module and data; the optimiser by class path."""

import math
from pathlib import Path

import lightning as L
import pytest
import torch
import yaml
from lightning.pytorch.cli import ReduceLROnPlateau
from torch.utils.data import DataLoader

from litcodec.cli import main
from litcodec.codecs import FactorizedPrior
from litcodec.errors import OptionError
from litcodec.training import CodecModule
from tests.in_process import litcodec
from tests.mylab_package import write_mylab
from tests.training.runs import TINY, command

OVERLAY = """
model:
  class_path: mylab.training.MyModule
  init_args:
    bonus: 3
    objective:
      class_path: litcodec.objectives.Objective
      init_args:
        terms:
          - {distortion: {class_path: mylab.objectives.Huber, init_args: {delta: 0.2}}, weight: 0.5}
          - {distortion: litcodec.objectives.L1}
    optimizer: {class_path: torch.optim.AdamW, init_args: {lr: 5.0e-4}}
    lr_scheduler: {class_path: torch.optim.lr_scheduler.ExponentialLR, init_args: {gamma: 0.5}}
data: {class_path: mylab.training.MyData, init_args: {size: 64}}
trainer:
  max_steps: 4
  limit_val_batches: 1.0
  val_check_interval: 2
  check_val_every_n_epoch: null
  callbacks:
    - class_path: litcodec.callbacks.RDPoints
    - {class_path: lightning.pytorch.callbacks.LearningRateMonitor, init_args: {logging_interval: step}}
"""


def test_a_package_of_ones_own_trains_and_validates_without_an_edit_of_litcodec(tmp_path: Path) -> None:
    write_mylab(tmp_path)
    (tmp_path / "own.yaml").write_text(OVERLAY)
    (tmp_path / "tiny.yaml").write_text(
        TINY.partition("data:")[0] + "trainer:" + TINY.partition("trainer:")[2]
    )
    words = [
        "fit",
        "--config",
        "tiny.yaml",
        "--config",
        "own.yaml",
        "--run_root",
        "runs",
        "--model.lmbda",
        "0.02",
    ]
    done = litcodec(tmp_path, *words)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "mine, bonus 3" in done.stdout
    run = tmp_path / "runs" / "tiny" / "001"
    kept = yaml.safe_load((run / "config.yaml").read_text())["model"]
    assert (kept["class_path"], kept["lmbda"], kept["bonus"]) == ("mylab.training.MyModule", 0.02, 3.0)
    assert kept["learning_rate"] is None  # AdamW brings its own
    header, *rows = (run / "version_0" / "metrics.csv").read_text().splitlines()
    names = header.split(",")
    assert {"train/Huber", "train/L1", "train/psnr", "val/loss", "val/psnr", "val/bpp"} <= set(names)
    rates = [row.split(",")[names.index("lr-AdamW")] for row in rows]
    assert [float(rate) for rate in rates if rate] == [5e-4, 2.5e-4, 1.25e-4, 6.25e-5]
    values = [row.split(",")[names.index("val/psnr")] for row in rows]
    assert len([v for v in values if v and 0 < float(v) < 60]) == 2


class _Images(L.LightningDataModule):
    def train_dataloader(self) -> DataLoader[torch.Tensor]:
        return DataLoader(torch.rand(8, 3, 64, 64), batch_size=1)  # type: ignore[arg-type]

    def val_dataloader(self) -> DataLoader[torch.Tensor]:
        return DataLoader(torch.rand(1, 3, 64, 64), batch_size=1)  # type: ignore[arg-type]


def _trainer(**options: object) -> L.Trainer:
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    return L.Trainer(
        accelerator="cpu", max_steps=8, val_check_interval=2, num_sanity_val_steps=1,
        enable_model_summary=False, **{**quiet, **options},
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*LeafSpec.*:FutureWarning")
def test_a_plateau_is_looked_for_after_every_validation() -> None:
    # The least improvement asked for is never reached: each validation after the first halves the rate.
    module = CodecModule(
        FactorizedPrior(N=8, M=12),
        learning_rate=1e-3,
        lr_scheduler=lambda o: ReduceLROnPlateau(
            o, "val/loss", factor=0.5, patience=0, threshold=1e9, threshold_mode="abs"
        ),
    )
    trainer = _trainer()
    trainer.fit(module, _Images())
    assert trainer.optimizers[0].param_groups[0]["lr"] == 1e-3 / 2**3


@pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*LeafSpec.*:FutureWarning")
def test_a_monitor_that_is_not_logged_is_named_with_those_that_are() -> None:
    module = CodecModule(
        FactorizedPrior(N=8, M=12), lr_scheduler=lambda o: ReduceLROnPlateau(o, "val/los", patience=0)
    )
    with pytest.raises(OptionError, match=r"'val/los', which is not logged; there are .*val/loss"):
        _trainer().fit(module, _Images())


@pytest.mark.parametrize("value", ["-0.1", "0", ".nan", "1e400", ".inf"])
@pytest.mark.parametrize("option", ["lmbda", "learning_rate"])
def test_a_value_that_would_train_towards_nonsense_is_refused_in_one_line(
    option: str,
    value: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(command(tmp_path, f"--model.{option}={value}")[3:]) == 1
    said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("litcodec: ")]
    assert said[-1].startswith(f"litcodec: model.{option} is a finite number above 0; got ")


def test_options_are_checked_in_python_too() -> None:
    for lmbda in (math.nan, -1.0, 0.0, math.inf):
        with pytest.raises(OptionError, match=r"model\.lmbda is a finite number above 0"):
            CodecModule(FactorizedPrior(N=4, M=6), lmbda=lmbda)


@pytest.mark.parametrize("words", [("--model.distortion", "ms-ssim"), ("--config", "old.yaml")])
def test_the_old_key_names_the_new_one(
    words: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("old.yaml").write_text("model: {distortion: mixed}\n")
    with pytest.raises(SystemExit) as caught:
        main(command(tmp_path, *words)[3:])
    assert caught.value.code == 2
    first, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith("litcodec: model.distortion is no longer there: write model.objective, such as ")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("nobodys_lab.Nowhere", "model: there is no module nobodys_lab."),
        ("litcodec.training.Nowhere", "litcodec.training has no Nowhere."),
    ],
)
def test_a_module_that_is_not_there_is_said_before_lightning_is_imported(
    path: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(command(tmp_path, f"--model.class_path={path}")[3:])
    assert caught.value.code == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith(f"litcodec: {reason}")
    assert said[1:] == ["litcodec: see litcodec fit --help, or add --print_config"]


def test_a_module_that_is_none_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command(tmp_path, "--model.class_path=collections.OrderedDict")[3:]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert "model.class_path collections.OrderedDict is not a LightningModule" in said[0]
