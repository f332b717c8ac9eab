"""``docs/metrics.md`` lists the keys that runs hold: each of them, and none that no run holds."""

import re
from collections.abc import Callable
from pathlib import Path

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import WandbLogger
from tiny_run import tiny_hybrid
from wandb_file import read_offline_run

from litcodec.callbacks import EntropyStatistics, PatchThroughput, RDCurve, RDPoints, Reconstructions
from litcodec.codecs import Codec, FactorizedPrior, MeanScaleHyperprior, VariableRate
from litcodec.data import OneImage
from litcodec.training import CodecModule, NonFiniteGuard, OverfittedModule

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
]
PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
CODECS: dict[str, Callable[[], Codec]] = {
    "hyperprior": lambda: MeanScaleHyperprior(N=8, M=12),
    "hybrid": lambda: tiny_hybrid(2, native=True),
    "variable": lambda: VariableRate(FactorizedPrior(N=8, M=12)),
}
# What these runs cannot hold: a step without a finite gradient, phases, four points of one curve, a page,
# the command's own counts. Each has a test of its own.
ELSEWHERE = re.compile(
    r"train/skipped_steps|train/phase|bd_rate.*|report|report_plane_.*|cost/.*|test/.*|rd_point|step"
)


def _keys_of_page() -> dict[str, re.Pattern[str]]:
    """Every key in the first column, and what it matches."""
    rows = [line.split(" | ")[0] for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    keys = re.findall(r"`([^`]+)`", "\n".join(rows))
    return {key: re.compile(re.sub("<[^>]+>", r"[^/]+", re.escape(key).replace(r"\<", "<"))) for key in keys}


def _logger(folder: Path) -> WandbLogger:
    return WandbLogger(project="litcodec", offline=True, save_dir=str(folder))


def _keys_in(folder: Path) -> set[str]:
    """Of the run that has just ended there."""
    import wandb

    wandb.finish()
    wandb.teardown()
    run = read_offline_run(folder)
    return {key for row in run.history for key in row} | set(run.summary)


@pytest.fixture
def held(tmp_path: Path, fit: Callable[..., L.Trainer], image_folder: Path) -> set[str]:
    found: set[str] = set()
    for name, make in CODECS.items():
        torch.manual_seed(0)
        callbacks = [RDPoints(), Reconstructions(), EntropyStatistics(), PatchThroughput(window=2)]
        others = [RDCurve(baselines=()), LearningRateMonitor("step"), NonFiniteGuard()]
        fit(CodecModule(make()), [*callbacks, *others], _logger(tmp_path / name))
        found |= _keys_in(tmp_path / name)
    folder = tmp_path / "overfitted"
    options = {"max_steps": 2, "val_check_interval": 2, "check_val_every_n_epoch": None}
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
    trainer = L.Trainer(
        accelerator="cpu", devices=1, logger=_logger(folder), default_root_dir=tmp_path,
        callbacks=[RDPoints()], log_every_n_steps=1, **options, **quiet,
    )  # fmt: skip
    trainer.fit(OverfittedModule(), datamodule=OneImage(image_folder / "b" / "tiny.png"))
    found |= _keys_in(folder)
    return {key for key in found if not key.startswith("_")}


def test_the_page_lists_what_runs_hold(held: set[str]):
    keys = _keys_of_page()
    assert {key for key in held if not any(known.fullmatch(key) for known in keys.values())} == set()
    never = {key for key, known in keys.items() if not any(map(known.fullmatch, held))}
    assert {key for key in never if not ELSEWHERE.fullmatch(key)} == set()
    assert len(keys) > 50
