"""The LightningModule of a codec that is trained against a discriminator."""

import warnings
from pathlib import Path
from typing import Any, cast

import lightning as L
import torch
from lightning.pytorch.cli import LRSchedulerCallable, OptimizerCallable
from lightning.pytorch.core.optimizer import LightningOptimizer, do_nothing_closure
from torch import Tensor
from torch.optim import Optimizer

from litcodec.adversarial import (
    AdversarialLoss,
    Discriminator,
    Judgement,
    NonSaturating,
    RateTarget,
    feature_matching,
)
from litcodec.codecs import Codec, TransformCodec
from litcodec.data import as_image_batch
from litcodec.errors import OptionError
from litcodec.objectives import Objective, bits_per_pixel
from litcodec.training.held_still import held_still, zero_of
from litcodec.training.module import CodecModule
from litcodec.training.optimisers import check_number, configured
from litcodec.training.parts import zero_of_resting
from litcodec.training.phases import Phase
from litcodec.types import CodecOutput


class AdversarialCodecModule(CodecModule):
    """Trains a codec and a discriminator in turn, each with an optimiser of its own.

    Every step trains the discriminator, then the codec on
    ``w * R + lmbda * D + adversarial_weight * G + feature_matching_weight * F``, where w is 1, or what
    ``rate_target`` says. ``global_step`` counts the codec's steps; phases, learning rates, the trainer's
    gradient clipping and the guard against non-finite steps work as in ``CodecModule``. Only the codec is
    exported.

    Args:
        codec: what to train: the generator.
        discriminator: that judges what it decodes.
        lmbda: weight of the distortion; HiFiC has 0.075 * 2^-5 = 0.00234 for 255^2 * MSE.
        adversarial_loss: litcodec.adversarial.NonSaturating (the default), LeastSquares or Wasserstein, or a
            class of one's own.
        adversarial_weight: of the codec's adversarial loss; HiFiC has 0.15.
        feature_matching_weight: of the difference between the discriminator's features of x and x_hat.
        adversarial_start: until this step, the codec is trained alone, on R + lmbda * D.
        rate_target: weighs the rate so that it comes to a target; for codecs of one latent y.
        discriminator_learning_rate: of Adam; that of the codec if not given.
        discriminator_optimizer: another optimiser than Adam, with its arguments.
        discriminator_lr_scheduler: stepped after every step of the discriminator.
        lmbda_balance: see ``CodecModule``, like all that follow.
        objective: as above.
        learning_rate: as above; of the codec.
        optimizer: as above; of the codec.
        lr_scheduler: as above; of the codec.
        phases: as above; of the codec.
        start_checkpoint: as above; the discriminator starts from scratch.
        inner_checkpoint: as above.
        compile_transforms: as above.

    Raises:
        OptionError: if a number makes no sense, or ``rate_target`` is given for a codec without one latent y.
        PhaseError: see ``CodecModule``.
        CodecFileError: see ``CodecModule``.
    """

    def __init__(
        self,
        codec: Codec,
        discriminator: Discriminator,
        *,
        lmbda: float = 0.075 * 2**-5,
        adversarial_loss: AdversarialLoss | None = None,
        adversarial_weight: float = 0.15,
        feature_matching_weight: float = 0.0,
        adversarial_start: int = 0,
        rate_target: RateTarget | None = None,
        discriminator_learning_rate: float | None = None,
        discriminator_optimizer: OptimizerCallable | None = None,
        discriminator_lr_scheduler: LRSchedulerCallable | None = None,
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
        super().__init__(
            codec,
            lmbda=lmbda,
            lmbda_balance=lmbda_balance,
            objective=objective,
            learning_rate=learning_rate,
            optimizer=optimizer,
            lr_scheduler=lr_scheduler,
            phases=phases,
            start_checkpoint=start_checkpoint,
            inner_checkpoint=inner_checkpoint,
            compile_transforms=compile_transforms,
        )
        check_number("model.adversarial_weight", adversarial_weight)
        check_number("model.feature_matching_weight", feature_matching_weight, zero=True)
        check_number("model.adversarial_start", adversarial_start, zero=True)
        rate = discriminator_learning_rate or learning_rate
        if rate is None and discriminator_optimizer is None:
            raise OptionError(
                "model.optimizer brings a learning rate for the codec alone: give "
                "model.discriminator_optimizer or model.discriminator_learning_rate too."
            )
        if discriminator_learning_rate is not None:
            check_number("model.discriminator_learning_rate", discriminator_learning_rate)
        if rate_target is not None and not isinstance(codec, TransformCodec):
            raise OptionError(
                f"model.rate_target needs a codec with one latent y at one rate; a {type(codec).__name__} is "
                "none. Give model.lmbda alone."
            )
        self.automatic_optimization = False
        self.discriminator = discriminator.to(memory_format=torch.channels_last)
        self.adversarial_loss = NonSaturating() if adversarial_loss is None else adversarial_loss
        self.adversarial_weight = adversarial_weight
        self.feature_matching_weight = feature_matching_weight
        self.adversarial_start = adversarial_start
        self.rate_target = rate_target
        self.discriminator_learning_rate = rate
        self._discriminator_optimizer = discriminator_optimizer
        self._discriminator_lr_scheduler = discriminator_lr_scheduler
        self._clip: tuple[float, str | None] | None = None

    def on_fit_start(self) -> None:
        """Check the weights' type, and silence a warning that does not apply here."""
        super().on_fit_start()
        # Lightning warns that checkpoints hold the weights after the step, as those of ``CodecModule`` do.
        warnings.filterwarnings("ignore", "Using ModelCheckpoint with manual optimization", UserWarning)

    def configure_callbacks(self) -> list[L.Callback]:
        """Take gradient clipping over, which no trainer does for two optimisers."""
        if self.trainer.gradient_clip_val:
            self._clip = (float(self.trainer.gradient_clip_val), self.trainer.gradient_clip_algorithm)
            self.trainer.gradient_clip_val = None
        return super().configure_callbacks()

    def configure_optimizers(self) -> Any:
        """The codec's optimiser, then the discriminator's."""
        of_discriminator = configured(
            self.discriminator.parameters(),
            self.discriminator_learning_rate or 0.0,
            self._discriminator_optimizer,
            self._discriminator_lr_scheduler,
        )
        found = [super().configure_optimizers(), of_discriminator]
        return [each if isinstance(each, dict) else {"optimizer": each} for each in found]

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip the gradients of either optimiser, as the trainer was asked to."""
        if self._clip is not None:
            value, algorithm = self._clip
            self.clip_gradients(optimizer, gradient_clip_val=value, gradient_clip_algorithm=algorithm)

    def training_step(self, batch: Tensor, batch_idx: int) -> None:  # type: ignore[override]
        """Train the discriminator and the codec on a batch of patches (B, 3, P, P) in [0, 1]."""
        x = as_image_batch(batch, batch_idx).x
        of_codec, of_discriminator = cast(list[LightningOptimizer], self.optimizers())
        output, loss = self._loss(x)
        total = loss.loss
        if self.rate_target is not None:
            total = total + (self._rate_weight(output) - 1) * loss.rate
        playing = self.global_step >= self.adversarial_start
        if playing:
            self._train_discriminator(x, output, of_discriminator)
            total = total + self._adversarial_part(x, output)
        if self.trainer.world_size > 1:  # DDP waits for a gradient of every weight in every backward pass
            total = total + zero_of(self.discriminator)
        of_codec.zero_grad()
        self.manual_backward(total + zero_of_resting(self.codec, self._phase))
        of_codec.step()
        self._step_schedulers(of_codec.optimizer)
        if playing:
            self._step_schedulers(of_discriminator.optimizer)
        self._log("loss", total, prog_bar=True)
        self._log("bpp", loss.rate, prog_bar=True)
        self._log("distortion", loss.distortion)
        for name, value in loss.parts:
            self._log(name, value)
        psnr_of_batch = -10 * (output.x_hat.detach().float() - x).square().mean().log10()
        self._log("psnr", psnr_of_batch, prog_bar=True)

    def _train_discriminator(self, x: Tensor, output: CodecOutput, optimizer: LightningOptimizer) -> None:
        x_hat, y_hat = output.x_hat.detach(), _detached(output.y_hat)
        together = self.discriminator(
            torch.cat([x, x_hat.to(x.dtype)]), None if y_hat is None else torch.cat([y_hat, y_hat])
        )
        real = [scores[: len(x)] for scores in together.scores]
        fake = [scores[len(x) :] for scores in together.scores]
        loss = self.adversarial_loss.discriminator(real, fake)
        penalty = self.adversarial_loss.penalty(self.discriminator, x, x_hat, y_hat)
        if penalty is not None:
            loss = loss + penalty
            self._log("gradient_penalty", penalty)
        if self.trainer.world_size > 1:
            loss = loss + zero_of(self.codec)
        optimizer.zero_grad()
        self.manual_backward(loss)
        # Lightning counts every step of every optimiser; global_step is to count the codec's.
        optimizer._on_before_step = optimizer._on_after_step = do_nothing_closure
        optimizer.step()
        self._log("discriminator_loss", loss)
        self._log_scores(real, fake)

    def _adversarial_part(self, x: Tensor, output: CodecOutput) -> Tensor:
        """What judging ``x_hat`` adds to the codec's loss."""
        y_hat = _detached(output.y_hat)
        with held_still([self.discriminator]):
            fake: Judgement = self.discriminator(output.x_hat, y_hat)
            adversarial = self.adversarial_loss.generator(fake.scores)
            self._log("adversarial_loss", adversarial)
            part = self.adversarial_weight * adversarial
            if self.feature_matching_weight:
                with torch.no_grad():
                    real: Judgement = self.discriminator(x, y_hat)
                matching = feature_matching(real, fake)
                self._log("feature_matching", matching)
                part = part + self.feature_matching_weight * matching
        return part

    def _rate_weight(self, output: CodecOutput) -> float:
        """Weight of the rate for this batch, of all processes."""
        assert self.rate_target is not None
        assert isinstance(self.codec, TransformCodec)
        assert output.y is not None
        rounded = output._replace(likelihoods=self.codec.rounded_likelihoods(output.y))
        bpp = self.trainer.strategy.reduce(bits_per_pixel(rounded), reduce_op="mean")
        weight = self.rate_target.weight(float(bpp), self.global_step)
        self._log("bpp_rounded", bpp)
        self.log("train/rate_target", self.rate_target.target(self.global_step))
        self.log("train/rate_weight", weight)
        return weight

    def _log_scores(self, real: list[Tensor], fake: list[Tensor]) -> None:
        """Mean scores, and the share of patches that are classified correctly."""
        r = torch.cat([scores.detach().float().flatten() for scores in real])
        f = torch.cat([scores.detach().float().flatten() for scores in fake])
        boundary = self.adversarial_loss.boundary
        middle = (r.mean() + f.mean()) / 2 if boundary is None else boundary
        self._log("real_score", r.mean())
        self._log("fake_score", f.mean())
        self._log("real_accuracy", (r > middle).float().mean())
        self._log("fake_accuracy", (f <= middle).float().mean())

    def _log(self, name: str, value: Tensor, *, prog_bar: bool = False) -> None:
        self.log(f"train/{name}", value.detach(), prog_bar=prog_bar, sync_dist=True)

    def _step_schedulers(self, optimizer: Optimizer) -> None:
        for config in self.trainer.lr_scheduler_configs:
            if config.interval == "step" and config.scheduler.optimizer is optimizer:
                config.scheduler.step()  # type: ignore[call-arg]


def _detached(y_hat: Tensor | None) -> Tensor | None:
    return None if y_hat is None else y_hat.detach()
