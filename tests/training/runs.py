"""Real `litcodec fit` runs on a tiny codec and tiny photographs."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import torch

from litcodec.data import write_png
from tests.in_process import litcodec

TINY = """
seed_everything: 3
run_name: tiny
model:
  codec:
    class_path: litcodec.codecs.MeanScaleHyperprior
    init_args:
      N: 4
      M: 6
      quantiser: {class_path: litcodec.entropy.MixedQuantiser}
  lmbda: 0.0130
  learning_rate: 1.0e-3
data:
  class_path: litcodec.data.FolderDataModule
  init_args: {patch_size: 64, batch_size: 4, crops_per_image: 2, steps_per_epoch: 10, num_workers: 0}
trainer:
  accelerator: cpu
  max_steps: 24
  max_epochs: -1
  gradient_clip_val: 1.0
  log_every_n_steps: 1
  limit_val_batches: 0
  num_sanity_val_steps: 0
  enable_progress_bar: false
  enable_model_summary: false
  logger:
    class_path: lightning.pytorch.loggers.CSVLogger
    init_args: {save_dir: ., flush_logs_every_n_steps: 1}
checkpoint:
  every_n_train_steps: 7
"""


def write_photographs(folder: Path, count: int = 8) -> Path:
    """Small images, each a colour gradient of its own with a little texture."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(0)
    ramp = torch.linspace(0, 1, 80)
    for k in range(count):
        ends = torch.rand(3, 2, 1, 1, generator=generator)
        noise = torch.rand(3, 80, 80, generator=generator)
        x = ends[:, 0] * ramp[:, None] + ends[:, 1] * ramp + 0.1 * noise
        write_png(folder / f"{k}.png", (x.clamp(0, 1) * 255).to(torch.uint8))
    return folder


def command(root: Path, *extra: str) -> list[str]:
    """A `litcodec fit` of the tiny run below ``root``, with photographs in ``root / photographs``."""
    config = root / "tiny.yaml"
    config.write_text(TINY)
    photographs = root / "photographs"
    if not photographs.exists():
        write_photographs(photographs)
    fixed = ["--run_root", str(root / "runs"), "--data.train_dir", str(photographs)]
    return [sys.executable, "-m", "litcodec", "fit", "--config", str(config), *fixed, *extra]


def environment() -> dict[str, str]:
    """One thread, so that sums are taken in one order; no network."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "WANDB_MODE": "offline"}


def fit_here(root: Path, *extra: str) -> str:
    """Run to the end in this process; what it said on standard output."""
    done = litcodec(root, *command(root, *extra)[3:])
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def fit(root: Path, *extra: str) -> str:
    """Run to the end in a process of its own; what it said on standard output."""
    done = subprocess.run(
        command(root, *extra), env=environment(), capture_output=True, text=True, cwd=root, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def fit_and_kill(root: Path, *, after_step: int, metrics: Path, extra: tuple[str, ...]) -> None:
    """Run until ``after_step`` is logged, then kill -9."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command(root, *extra), env=environment(), cwd=root, stdout=quiet, stderr=quiet)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if metrics.exists() and max(losses(metrics), default=-1) >= after_step:
            break
        time.sleep(0.02)
    assert process.poll() is None, "the run ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()


def losses(metrics: Path) -> dict[int, str]:
    """Step -> training loss, as the logger wrote it."""
    with metrics.open() as file:
        rows = list(csv.DictReader(file))
    return {int(row["step"]): row["train/loss"] for row in rows if row.get("train/loss")}
