"""A stranger's package, written to a temporary folder outside of the repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from litcodec.data import write_png
from tests import in_process

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "mylab"
FIT = """
run_name: lite
model:
  codec:
    class_path: mylab.codecs.ElicLite
    init_args:
      width: {class_path: mylab.codecs.Width, init_args: {channels: 7}}
      M: 5
      scales: [0.5, 1.5]
  learning_rate: 1.0e-3
data:
  class_path: litcodec.data.FolderDataModule
  init_args: {train_dir: photographs, val_dir: photographs, patch_size: 64, batch_size: 2, num_workers: 0}
trainer:
  accelerator: cpu
  max_steps: 3
  max_epochs: -1
  val_check_interval: 3
  check_val_every_n_epoch: null
  num_sanity_val_steps: 0
  enable_progress_bar: false
  enable_model_summary: false
  log_every_n_steps: 1
  callbacks:
    - class_path: CALLBACKS.RDPoints
    - class_path: CALLBACKS.Reconstructions
    - class_path: CALLBACKS.EntropyStatistics
    - class_path: CALLBACKS.RDCurve
    - class_path: CALLBACKS.ReportPage
checkpoint:
  every_n_train_steps: 3
"""


def write_package(folder: Path, image_like, *, callbacks: str = "callbacks") -> Path:
    """``mylab``, a configuration and photographs, in ``folder``."""
    shutil.copytree(EXAMPLE, folder / "mylab", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "fit.yaml").write_text(FIT.replace("CALLBACKS", callbacks))
    (folder / "photographs").mkdir()
    for k in range(2):
        x = (image_like(96, 120, seed=k)[0].clamp(0, 1) * 255).round().byte()
        write_png(folder / "photographs" / f"{k}.png", x)
    return folder


def litcodec(folder: Path, *arguments: str, plugin: bool = True) -> in_process.Done:
    """Run the command in ``folder``, in this process; ``mylab`` is found there alone."""
    words = [*arguments, *(["--plugin", "mylab"] if plugin else [])]
    return in_process.litcodec(folder, *words, PYTHONPATH=str(ROOT))


def litcodec_process(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in ``folder``, in a process that knows of no plugin."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "WANDB_MODE": "offline", "OMP_NUM_THREADS": "1"}
    environment.pop("LITCODEC_PLUGINS", None)
    command = [sys.executable, "-m", "litcodec", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
