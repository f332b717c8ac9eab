"""The LightningModule of every codec that trains on R + lmbda * D."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import lightning as L
import numpy as np
import torch
from lightning.pytorch.cli import LRSchedulerCallable
from torch import Tensor

from litcodec.codec_files import check_same_codec, describe
from litcodec.codecs import Codec
from litcodec.data import ImageBatch
from litcodec.frozen import FrozenCodec
from litcodec.limits import MS_SSIM_MIN_SIDE
from litcodec.losses import rd_loss, rd_loss_of_each
from litcodec.measure_image import CodecCoder, measure_image
from litcodec.metrics import MS_SSIM, PSNR, mean_of_finite
from litcodec.training.follow_phases import FollowPhases, coded_in_phase
from litcodec.training.notes import notes_of
from litcodec.training.phases import Phase, check_phases, phase_at
from litcodec.training.ranks import gather_from_ranks
from litcodec.training.warm_start import load_inner, load_weights
from litcodec.types import Distortion, RDLoss

TESTED = (PSNR, MS_SSIM)
COMPILED = ("g_a", "g_s", "h_a", "h_s", "enhancer")


class Prediction(NamedTuple):
    """One image after real bytes."""

    name: str
    x_hat: Tensor  # (3, H, W), uint8
    bpp: float  # of the bytes, header included
    scores: Mapping[str, float]  # by metric


class CodecModule(L.LightningModule):
    """Trains a codec with one automatic optimiser (Adam).

    Args:
        codec: what to train.
        lmbda: weight of the distortion in ``R + lmbda * D``; the field's values are 0.0018 0.0035 0.0067
            0.0130 0.0250 0.0483 0.0932 0.1800 for "mse", 2.40 4.58 8.73 16.64 31.73 60.50 115.37 220.00 for
            "ms-ssim". A ``VariableRate`` codec has a range of its own instead, from which every image of a
            training batch draws one; validation looks at the middle of it.
        lmbda_balance: of a ``VariableRate`` codec: images weigh as ``lmbda ** -lmbda_balance`` in the loss.
            With 0 those of high rates decide most of each step: their ``R + lmbda * D`` is larger by about
            the 0.4th power of lmbda, so with 0.4 all rates gain alike.
        distortion: "mse" (255^2 * MSE), or with patches of at least 161 "ms-ssim" (1 - MS-SSIM), or "mixed":
            some of both for values of lmbda as of "mse", see ``litcodec.losses.rd_loss``.
        learning_rate: of Adam; ``phases`` bring their own.
        lr_scheduler: a scheduler, stepped after every training step; none keeps the rate.
        phases: of a ``HybridCodec``: what is trained, how long and how fast; not given, everything is.
        start_checkpoint: of ``litcodec fit``, or a codec file (.safetensors): whose weights a new run starts
            from, its optimiser anew. To go on with a run is another thing: ``--ckpt_path``.
        inner_checkpoint: of ``litcodec fit``: what the inner codec of a ``HybridCodec`` starts from.
        compile_transforms: run g_a, g_s, h_a, h_s and the enhancer through ``torch.compile`` while training.

    Raises:
        PhaseError: if ``phases`` do not fit the codec or the scheduler.
        CodecFileError: if ``start_checkpoint`` or ``inner_checkpoint`` is of another codec, or the codec no
            hybrid.
    """

    def __init__(
        self,
        codec: Codec,
        *,
        lmbda: float = 0.0130,
        lmbda_balance: float = 0.0,
        distortion: Distortion = "mse",
        learning_rate: float = 1e-4,
        lr_scheduler: LRSchedulerCallable | None = None,
        phases: list[Phase] | None = None,
        start_checkpoint: Path | None = None,
        inner_checkpoint: Path | None = None,
        compile_transforms: bool = False,
    ) -> None:
        super().__init__()
        if phases is not None:
            check_phases(phases, codec, scheduled=lr_scheduler is not None)
        if start_checkpoint is not None:
            load_weights(codec, start_checkpoint)
        if inner_checkpoint is not None:
            load_inner(codec, inner_checkpoint)
        self.codec = codec.to(memory_format=torch.channels_last)
        self.lmbda = codec.lmbda_range.middle if codec.lmbda_range is not None else lmbda
        self.lmbda_balance = lmbda_balance
        self.distortion: Distortion = distortion
        self.learning_rate = learning_rate
        self.phases = phases
        self._lr_scheduler = lr_scheduler
        self._coder: FrozenCodec | None = None
        self._tested: list[tuple[str, dict[str, float]]] = []
        if compile_transforms:
            for name, part in codec.named_modules():
                if name.rpartition(".")[2] in COMPILED:
                    # In place, so that names of weights, and with them checkpoints, stay the same.
                    part.compile()

    def configure_callbacks(self) -> list[L.Callback]:
        """What follows the phases, if there are any."""
        return [] if self.phases is None else [FollowPhases(self.phases)]

    def configure_optimizers(self) -> Any:
        """Adam over every parameter; there is no auxiliary loss."""
        optimizer = torch.optim.Adam(self.codec.parameters(), lr=self.learning_rate)
        if self._lr_scheduler is None:
            return optimizer
        scheduler = {"scheduler": self._lr_scheduler(optimizer), "interval": "step"}
        return {"optimizer": optimizer, "lr_scheduler": scheduler}

    def on_train_batch_start(self, batch: Tensor, batch_idx: int) -> None:
        """Make this step's noise a function of (seed, step, rank): a resumed run repeats it exactly."""
        seed = int(os.environ.get("PL_GLOBAL_SEED", "0"))
        step = self.trainer.fit_loop.total_batch_idx
        words = np.random.SeedSequence((seed, step, self.global_rank)).generate_state(1, np.uint64)
        torch.manual_seed(int(words[0]))

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """Loss of a batch of patches (B, 3, P, P) in [0, 1]."""
        rd, zero = self._loss(batch)
        self.log("train/loss", rd.loss.detach(), prog_bar=True, sync_dist=True)
        self.log("train/bpp", rd.rate.detach(), prog_bar=True, sync_dist=True)
        self.log("train/distortion", rd.distortion.detach(), sync_dist=True)
        if self.distortion == "mse":
            # Of the whole batch's MSE: a curve to watch. Results come from whole images, see the callbacks.
            psnr_of_batch = 20 * math.log10(255) - 10 * torch.log10(rd.distortion.detach())
            self.log("train/psnr", psnr_of_batch, prog_bar=True, sync_dist=True)
        return rd.loss + zero

    def _loss(self, batch: Tensor) -> tuple[RDLoss, Tensor | float]:
        """The loss, and a 0 for DDP that is to be added to it."""
        if self.codec.lmbda_range is not None:
            # On the CPU, whose generator this step has seeded: the same on every device.
            lmbdas = self.codec.lmbda_range.lmbdas(torch.rand(len(batch))).to(batch.device)
            output = self.codec(batch, lmbdas)
            weights = (lmbdas / self.codec.lmbda_range.middle) ** -self.lmbda_balance
            rd = rd_loss_of_each(output, batch, lmbdas=lmbdas, weights=weights, distortion=self.distortion)
            return rd, 0.0
        phase = None if self.phases is None else phase_at(self.phases, self.global_step).phase
        output, zero = coded_in_phase(self.codec, batch, phase)
        return rd_loss(output, batch, lmbda=self.lmbda, distortion=self.distortion), zero

    def validation_step(self, batch: ImageBatch, batch_idx: int) -> None:
        """Estimated loss of a whole image. Real bytes are ``litcodec.callbacks.RDPoints``'s part."""
        output = self.codec(batch.x)
        # An image too small for MS-SSIM counts nothing, but is logged: every process must log alike.
        counts = self.distortion == "mse" or min(batch.x.shape[-2:]) >= MS_SSIM_MIN_SIDE
        distortion = self.distortion if counts else "mse"
        rd = rd_loss(output, batch.x, lmbda=self.lmbda, distortion=distortion)
        self.log("val/loss", rd.loss, prog_bar=True, sync_dist=True, batch_size=int(counts))

    def on_test_start(self) -> None:
        """Freeze once for all images."""
        self._coder, self._tested = self._frozen(), []

    def on_predict_start(self) -> None:
        """Freeze once for all images."""
        self._coder = self._frozen()

    def test_step(self, batch: ImageBatch, batch_idx: int) -> None:
        """Rate and distortion of one image's real bytes."""
        prediction = self.predict_step(batch, batch_idx)
        self._tested.append((prediction.name, {"bpp": prediction.bpp, **prediction.scores}))

    def on_test_epoch_end(self) -> None:
        """Log the means over all processes' images, each counted once."""
        points = {name: scores for found in gather_from_ranks(self._tested) for name, scores in found}
        for name in ("bpp", *(metric.name for metric in TESTED)):
            mean = mean_of_finite(scores[name] for scores in points.values())
            if mean.number:  # MS-SSIM is not defined for small images
                self.log(f"test/{name}", mean.value)

    def predict_step(self, batch: ImageBatch, batch_idx: int) -> Prediction:
        """One image through real bytes and back."""
        assert self._coder is not None
        found = measure_image(CodecCoder(self._coder), batch.x, TESTED)
        return Prediction(batch.names[0], found.x_hat, found.bpp, found.scores)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Check that the checkpoint is of this codec.

        Raises:
            CodecFileError: if it is of another.
        """
        check_same_codec(checkpoint.get("litcodec"), self.codec)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Describe the codec in plain values, so that ``export`` can rebuild it safely."""
        checkpoint["litcodec"] = describe(self.codec.architecture, notes_of(self))

    def _frozen(self) -> FrozenCodec:
        # With its notes, by which an encoder that has a choice weighs rate against distortion.
        frozen = self.codec.freeze()
        frozen.training = notes_of(self)
        return frozen
