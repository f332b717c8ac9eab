"""A tiny hybrid trained in phases, and what happened to it."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch import Tensor

from litcodec.codecs import Codec, HybridCodec, MeanScaleHyperprior
from litcodec.data import FolderDataModule
from litcodec.training import CodecModule, NonFiniteGuard, Phase
from litcodec.transforms import GRDN

# 3 + 2 + 3 steps; 4 batches are an epoch.
PHASES = [Phase("inner", 3, 1e-3), Phase("enhancer", 2, 5e-3), Phase("all", 3, 1e-4)]
MOVES = [{"inner"}] * 3 + [{"enhancer"}] * 2 + [{"inner", "enhancer"}] * 3


def hybrid(scale: int = 1, *, native: bool = False) -> HybridCodec:
    torch.manual_seed(0)
    enhancer = GRDN(C=4, growth=2, layers=1, blocks=1, groups=1, scale=scale)
    return HybridCodec(MeanScaleHyperprior(N=8, M=12), enhancer, scale=scale, native=native)


class Watch(L.Callback):
    """Weights and Adam's state after every step, the learning rate in it, what is logged; poisons a batch."""

    def __init__(self, *, poisoned: int | None = None, checkpoints: Path | None = None) -> None:
        self.poisoned, self.checkpoints = poisoned, checkpoints
        self.weights: list[dict[str, Tensor]] = []
        self.moments: list[dict[str, Any]] = []  # of parameters by name
        self.rates: list[float] = []
        self.metrics: list[dict[str, float]] = []

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self.weights.append(deepcopy(dict(pl_module.codec.named_parameters())))

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Tensor, batch_idx: int
    ) -> None:
        if trainer.global_step == self.poisoned:
            batch[0, 0, 0, 0] = torch.nan

    def on_before_zero_grad(self, trainer: L.Trainer, pl_module: L.LightningModule, optimizer: Any) -> None:
        self.rates.append(optimizer.param_groups[0]["lr"])

    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *_: object) -> None:
        self.weights.append(deepcopy(dict(pl_module.codec.named_parameters())))
        state = trainer.optimizers[0].state
        names = {p: name for name, p in pl_module.codec.named_parameters()}
        self.moments.append({names[p]: deepcopy(found) for p, found in state.items()})
        self.metrics.append({name: float(value) for name, value in trainer.callback_metrics.items()})
        if self.checkpoints is not None:
            trainer.save_checkpoint(self.checkpoints / f"{trainer.global_step}.ckpt", weights_only=False)

    def moved(self, step: int) -> set[str]:
        """The parts of which any weight is another after ``step``."""
        before, after = self.weights[step], self.weights[step + 1]
        return {name.partition(".")[0] for name in before if not torch.equal(before[name], after[name])}


def train(
    codec: Codec,
    photographs: Path,
    *callbacks: L.Callback,
    phases: list[Phase] | None = PHASES,
    ckpt_path: Path | None = None,
    **options: Any,
) -> L.Trainer:
    torch.manual_seed(1)
    settings = {"max_steps": -1, "max_epochs": -1, "enable_progress_bar": False, "gradient_clip_val": 1.0}
    trainer = L.Trainer(
        accelerator="cpu",
        callbacks=[NonFiniteGuard(), *callbacks],
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        limit_val_batches=0,
        **{**settings, **options},
    )
    data = FolderDataModule(
        train_dir=str(photographs), patch_size=64, batch_size=2, num_workers=0, steps_per_epoch=4
    )
    trainer.fit(CodecModule(codec, phases=phases), data, ckpt_path=ckpt_path)
    return trainer
