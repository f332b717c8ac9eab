"""The LightningModule of every codec that trains on R + lmbda * D."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import lightning as L
import numpy as np
import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor

from litcodec.codec_files import check_same_codec, describe
from litcodec.codecs import Codec
from litcodec.data import ImageBatch, as_image_batch
from litcodec.errors import OptionError
from litcodec.frozen import FrozenCodec
from litcodec.measure_image import CodecCoder, measure_image
from litcodec.metrics import MS_SSIM, PSNR, mean_of_finite
from litcodec.objectives import Loss, Objective, mse
from litcodec.objectives import describe as describe_objective
from litcodec.training.follow_phases import FollowPhases
from litcodec.training.notes import notes_of
from litcodec.training.optimisers import check_number, configured, step_plateaus
from litcodec.training.parts import coded_in_phase, parts_of, zero_of_resting
from litcodec.training.phases import Phase, check_phases, phase_at
from litcodec.training.ranks import gather_from_ranks
from litcodec.training.warm_start import load_inner, load_weights
from litcodec.types import CodecOutput

TESTED = (PSNR, MS_SSIM)
COMPILED = ("g_a", "g_s", "h_a", "h_s", "enhancer")


class Prediction(NamedTuple):
    """One image after real bytes."""

    name: str
    x_hat: Tensor  # (3, H, W), uint8
    bpp: float  # of the bytes, header included
    scores: Mapping[str, float]  # by metric


def _check_float32(codec: Codec) -> None:
    other = next((p.dtype for p in codec.parameters() if p.dtype != torch.float32), None)
    if other is not None:
        raise OptionError(
            f"the codec's weights are {other}; codecs are trained in float32: build them with that default "
            "dtype, and let the trainer's precision be 32-true, bf16-mixed or 16-mixed."
        )


class CodecModule(L.LightningModule):
    """Trains a codec with one automatic optimiser.

    Args:
        codec: what to train.
        lmbda: weight of the distortion in ``R + lmbda * D``; the field's values are 0.0018 0.0035 0.0067
            0.0130 0.0250 0.0483 0.0932 0.1800 for MSE, 2.40 4.58 8.73 16.64 31.73 60.50 115.37 220.00 for
            MS-SSIM. A codec of variable rate has a range of its own instead, from which every image of a
            training batch draws one; validation looks at the middle of it.
        lmbda_balance: of a codec of variable rate: images weigh as ``lmbda ** -lmbda_balance`` in the loss.
            With 0 those of high rates decide most of each step: their ``R + lmbda * D`` is larger by about
            the 0.4th power of lmbda, so with 0.4 all rates gain alike.
        objective: what is minimised: litcodec.objectives.mse (the default), .ms_ssim or .mixed, or
            litcodec.objectives.Objective with a weighted list of distortions, or a class of your own.
        learning_rate: of Adam; ``phases`` and ``optimizer`` bring their own.
        optimizer: another optimiser than Adam, with its arguments.
        lr_scheduler: stepped after every training step, a ReduceLROnPlateau after every validation; none
            keeps the rate.
        phases: which parts are trained, how long and how fast; not given, everything is.
        start_checkpoint: of ``litcodec fit``, a codec file (.safetensors) or the name of a packaged codec: a
            new run starts from its weights, with a new optimiser. It may be of a codec of variable rate that
            has a wider range, or ``codec`` inside of it: then of its weights at ``lmbda``. ``--ckpt_path``
            continues a run instead.
        inner_checkpoint: the same for the inner codec of a ``HybridCodec``.
        compile_transforms: run g_a, g_s, h_a, h_s and the enhancer through ``torch.compile`` while training.

    Raises:
        OptionError: if ``lmbda``, ``lmbda_balance`` or ``learning_rate`` is not a number that makes sense.
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
        objective: Objective | None = None,
        learning_rate: float | None = 1e-4,
        optimizer: OptimizerCallable | None = None,
        lr_scheduler: LRSchedulerCallable | None = None,
        phases: list[Phase] | None = None,
        start_checkpoint: Path | None = None,
        inner_checkpoint: Path | None = None,
        compile_transforms: bool = False,
    ) -> None:
        super().__init__()
        check_number("model.lmbda", lmbda)
        check_number("model.lmbda_balance", lmbda_balance, zero=True)
        if learning_rate is not None:
            check_number("model.learning_rate", learning_rate)
        elif optimizer is None:
            raise OptionError("model.learning_rate is none, and there is no model.optimizer: give one.")
        _check_float32(codec)
        if phases is not None:
            check_phases(phases, parts_of(codec), scheduled=lr_scheduler is not None)
        if start_checkpoint is not None:
            load_weights(codec, start_checkpoint, lmbda)
        if inner_checkpoint is not None:
            load_inner(codec, inner_checkpoint, lmbda)
        self.codec = codec.to(memory_format=torch.channels_last)
        self.objective = mse() if objective is None else objective
        describe_objective(self.objective)  # now, not at the first checkpoint
        self.lmbda = codec.lmbda_range.middle if codec.lmbda_range is not None else lmbda
        self.lmbda_balance = lmbda_balance
        self.learning_rate = learning_rate
        self.phases = phases
        self._optimizer, self._lr_scheduler = optimizer, lr_scheduler
        self._coder: FrozenCodec | None = None
        self._tested: list[tuple[str, dict[str, float]]] = []
        if compile_transforms:
            for name, part in codec.named_modules():
                if name.rpartition(".")[2] in COMPILED:
                    # In place, so that names of weights, and with them checkpoints, stay the same.
                    part.compile()

    def setup(self, stage: str) -> None:
        """Check what the trainer has made of the weights.

        Raises:
            OptionError: if its precision has given them another type.
        """
        _check_float32(self.codec)

    def on_fit_start(self) -> None:
        """Check for float32 again, which some trainers change after ``setup``; warn of slow precisions."""
        _check_float32(self.codec)
        if (
            self.trainer.precision == "bf16-mixed"
            and self.device.type == "cpu"
            and not torch.ops.mkldnn._is_mkldnn_bf16_supported()
        ):
            rank_zero_warn(
                "This processor has no bfloat16: bf16-mixed is computed in software, about 10 times slower "
                "than --trainer.precision 32-true."
            )

    def configure_callbacks(self) -> list[L.Callback]:
        """What follows the phases, if there are any."""
        return [] if self.phases is None else [FollowPhases(self.phases)]

    def configure_optimizers(self) -> Any:
        """One optimiser over every parameter of the codec."""
        rate = self.learning_rate or 0.0
        return configured(self.codec.parameters(), rate, self._optimizer, self._lr_scheduler)

    def on_train_batch_start(self, batch: Tensor, batch_idx: int) -> None:
        """Make this step's noise a function of (seed, step, rank): a resumed run repeats it exactly."""
        seed = int(os.environ.get("PL_GLOBAL_SEED", "0"))
        step = self.trainer.fit_loop.total_batch_idx
        words = np.random.SeedSequence((seed, step, self.global_rank)).generate_state(1, np.uint64)
        torch.manual_seed(int(words[0]))

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """Loss of a batch of patches (B, 3, P, P) in [0, 1]."""
        batch = as_image_batch(batch, batch_idx).x
        output, loss = self._loss(batch)
        self.log("train/loss", loss.loss.detach(), prog_bar=True, sync_dist=True)
        self.log("train/bpp", loss.rate.detach(), prog_bar=True, sync_dist=True)
        self.log("train/distortion", loss.distortion.detach(), sync_dist=True)
        for name, value in loss.parts:  # "train/MSE", "train/MS-SSIM": 1 - MS-SSIM
            self.log(f"train/{name}", value.detach(), sync_dist=True)
        # Of the whole batch's MSE: a curve to watch. Results come from whole images, see the callbacks.
        psnr_of_batch = -10 * (output.x_hat.detach().float() - batch).square().mean().log10()
        self.log("train/psnr", psnr_of_batch, prog_bar=True, sync_dist=True)
        return loss.loss + zero_of_resting(self.codec, self._phase)

    @property
    def _phase(self) -> Phase | None:
        return None if self.phases is None else phase_at(self.phases, self.global_step).phase

    def _loss(self, batch: Tensor) -> tuple[CodecOutput, Loss]:
        rates = self.codec.lmbda_range
        if rates is None:
            output = coded_in_phase(self.codec, (batch,), self._phase)
            return output, self.objective.loss(output, batch, lmbda=self.lmbda)
        # On the CPU, whose generator this step has seeded: the same on every device.
        lmbdas = rates.lmbdas(torch.rand(len(batch))).to(batch.device)
        output = coded_in_phase(self.codec, (batch, lmbdas), self._phase)
        weights = (lmbdas / self.lmbda) ** -self.lmbda_balance
        return output, self.objective.loss(output, batch, lmbda=lmbdas, weights=weights)

    def validation_step(self, batch: Tensor | ImageBatch, batch_idx: int) -> None:
        """Estimated loss of whole images. Real bytes are ``litcodec.callbacks.RDPoints``'s part."""
        x = as_image_batch(batch, batch_idx).x
        output = self.codec(x)
        # Images too small for the objective count nothing, but are logged: every process must log alike.
        counts = min(x.shape[-2:]) >= self.objective.minimum_side
        loss = self.objective.loss(output, x, lmbda=self.lmbda).loss if counts else torch.zeros(())
        batch_size = len(x) if counts else 0
        self.log("val/loss", loss.to(x.device), prog_bar=True, sync_dist=True, batch_size=batch_size)

    def on_validation_epoch_end(self) -> None:
        """Let a ReduceLROnPlateau see the result."""
        if self.trainer.state.fn == "fit" and not self.trainer.sanity_checking:
            step_plateaus(self.trainer)

    def on_test_start(self) -> None:
        """Freeze once for all images."""
        self._coder, self._tested = self._frozen(), []

    def on_predict_start(self) -> None:
        """Freeze once for all images."""
        self._coder = self._frozen()

    def test_step(self, batch: Tensor | ImageBatch, batch_idx: int) -> None:
        """Rate and distortion of real bytes, image by image."""
        for prediction in self.predict_step(batch, batch_idx):
            self._tested.append((prediction.name, {"bpp": prediction.bpp, **prediction.scores}))

    def on_test_epoch_end(self) -> None:
        """Log the means over all processes' images, each counted once."""
        points = {name: scores for found in gather_from_ranks(self._tested) for name, scores in found}
        for name in ("bpp", *(metric.name for metric in TESTED)):
            mean = mean_of_finite(scores[name] for scores in points.values())
            if mean.number:  # MS-SSIM is not defined for small images
                self.log(f"test/{name}", mean.value)

    def predict_step(self, batch: Tensor | ImageBatch, batch_idx: int) -> list[Prediction]:
        """Each image through real bytes and back."""
        images = as_image_batch(batch, batch_idx)
        return [self._predict(x[None], name) for x, name in zip(*images, strict=True)]

    def _predict(self, x: Tensor, name: str) -> Prediction:
        assert self._coder is not None
        found = measure_image(CodecCoder(self._coder), x, TESTED)
        return Prediction(name, found.x_hat, found.bpp, found.scores)

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
        # With its training, by which an encoder that has a choice weighs rate against distortion.
        frozen = self.codec.freeze()
        frozen.training = notes_of(self)
        return frozen
