"""A stranger's package, written to a temporary folder outside of the repository."""

import os
import subprocess
import sys
from pathlib import Path

from litcodec.data import write_png

CODECS = '''
"""A codec, its transforms and its latent model, none of which litcodec knows."""

import torch
from torch import nn

from litcodec.architecture import Buildable
from litcodec.codecs import TransformCodec
from litcodec.latent_models import ContextModel, FactorizedModel, HyperpriorModel
from litcodec.layers import CausalConv2d
from litcodec.types import AuxiliaryLoss


class Residual(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.layers = nn.Sequential(*(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth)))

    def forward(self, x):
        return x + 0.1 * self.layers(x)


class Width(Buildable, nn.Module):
    """A part that a configuration names."""

    def __init__(self, *, channels: int = 6):
        super().__init__()
        self.channels = channels


def transforms(width, M, depth):
    g_a = nn.Sequential(nn.Conv2d(3, width, 8, 8), Residual(width, depth), nn.Conv2d(width, M, 1))
    g_s = nn.Sequential(nn.Conv2d(M, width, 1), Residual(width, depth), nn.ConvTranspose2d(width, 3, 8, 8))
    return g_a, g_s


class ElicLite(TransformCodec):
    """Stride 8, a receptive field of 8 latents, hyper-latents of stride 2, a 7x7 causal context."""

    def __init__(self, width: Width, *, M: int = 5, scales: list[float] | None = None, name: str = "lite"):
        g_a, g_s = transforms(width.channels, M, 8)
        h_a = nn.Sequential(nn.Conv2d(M, 4, 3, stride=2, padding=1))
        h_s = nn.Sequential(nn.ConvTranspose2d(4, 2 * M, 4, stride=2, padding=1))
        parameters = nn.Sequential(nn.Conv2d(4 * M, 8, 1), nn.LeakyReLU(), nn.Conv2d(8, 2 * M, 1))
        y_model = ContextModel(CausalConv2d(M, 2 * M, kernel_size=7), parameters)
        latent_model = HyperpriorModel(h_a=h_a, h_s=h_s, M=M, N=4, y_model=y_model)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=latent_model)


class Committed(FactorizedModel):
    """Adds a loss of its own."""

    def forward(self, y):
        coded = super().forward(y)
        loss = 0.25 * (y - coded.y_hat.detach()).square().mean()
        return coded._replace(losses=(AuxiliaryLoss("commitment", loss),))


class WithLoss(TransformCodec):
    def __init__(self, *, M: int = 5):
        g_a, g_s = transforms(6, M, 1)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=Committed(M))
'''
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
    (folder / "mylab").mkdir(parents=True)
    (folder / "mylab" / "__init__.py").write_text("")
    (folder / "mylab" / "codecs.py").write_text(CODECS)
    (folder / "fit.yaml").write_text(FIT.replace("CALLBACKS", callbacks))
    (folder / "photographs").mkdir()
    for k in range(2):
        x = (image_like(96, 120, seed=k)[0].clamp(0, 1) * 255).round().byte()
        write_png(folder / "photographs" / f"{k}.png", x)
    return folder


def litcodec(folder: Path, *arguments: str, plugin: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command in ``folder``; ``mylab`` is found there alone."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "WANDB_MODE": "offline", "OMP_NUM_THREADS": "1"}
    environment.pop("LITCODEC_PLUGINS", None)
    command = [sys.executable, "-m", "litcodec", *arguments, *(["--plugin", "mylab"] if plugin else [])]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
