"""The LightningModule of codecs that are fitted to one image."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import lightning as L
import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn

from litcodec.bitstream import pack
from litcodec.codec_files import check_same_codec, describe
from litcodec.data import ImageBatch, as_image_batch
from litcodec.errors import CodecFileError, FreezeError, OptionError
from litcodec.objectives import mse
from litcodec.overfitted import FINGERPRINT, OverfittedCodec, Overfitter, Parts, Settings, best_of
from litcodec.overfitted.presets import preset_named
from litcodec.training.notes import notes_of
from litcodec.training.optimisers import check_number
from litcodec.types import Compressed

STATE = "overfitter"  # of checkpoints


class OverfittedModule(L.LightningModule):
    """Fits networks and grids to the first validation image in ``trainer.max_steps`` steps.

    Each step is one of ``litcodec compress --overfit``. At the end ``<image>.litc`` is written into the run's
    folder, if all networks are of classes that a stream holds; others are trained, and their rate is
    estimated.

    Args:
        preset: lop, mop or hop: sizes of the networks, and those to begin with.
        lmbda: weight of the distortion in ``R + lmbda * D``, D the MSE of pixels in 0..255.
        finest: the finest grid that is coded; 1 leaves out three quarters of the symbols, the default at low
            rates.
        seed: another seed, other noise.
        synthesis: class path of another synthesis than the preset's; gets the number of grids.
        upsampling: of another upsampling; gets the number of grids.
        entropy: another entropy network.

    Raises:
        OptionError: if there is no such preset, or ``lmbda`` makes no sense.
    """

    codec: OverfittedCodec

    def __init__(
        self,
        *,
        preset: str = "lop",
        lmbda: float = 0.0154,
        finest: int | None = None,
        seed: int = 0,
        synthesis: Callable[[int], nn.Module] | None = None,
        upsampling: Callable[[int], nn.Module] | None = None,
        entropy: nn.Module | None = None,
    ) -> None:
        super().__init__()
        check_number("model.lmbda", lmbda)
        preset_named(preset)
        self.automatic_optimization = False
        self.lmbda, self.objective = lmbda, mse()
        self._settings = Settings(preset, lmbda, seed=seed, finest=finest)
        self._parts = Parts(synthesis, upsampling, entropy)
        self._overfitter: Overfitter | None = None
        self._image = ""

    @property
    def overfitter(self) -> Overfitter:
        """The fit, once ``setup`` has seen the image."""
        assert self._overfitter is not None
        return self._overfitter

    def setup(self, stage: str) -> None:
        """Look at the image.

        Raises:
            OptionError: if the trainer has no image, no number of steps, several devices or another precision
                than float32.
        """
        trainer = self.trainer
        if trainer.world_size > 1 or str(trainer.precision) != "32-true":
            raise OptionError(
                "an image is fitted on one device: trainer.devices 1, trainer.precision 32-true."
            )
        if stage == "fit" and trainer.max_steps < 1:
            raise OptionError("give trainer.max_steps: the schedule of a fit has an end.")
        datamodule: L.LightningDataModule | None = getattr(trainer, "datamodule", None)
        if datamodule is None:
            raise OptionError("a fit needs a datamodule whose first validation image is the image.")
        x, names = as_image_batch(next(iter(datamodule.val_dataloader())), 0)
        x = x.float() / 255 if x.dtype == torch.uint8 else x
        settings = self._settings._replace(iterations=max(1, trainer.max_steps))
        self._image = names[0]
        self._overfitter = Overfitter(x[:1], settings, trainer.strategy.root_device, self._parts)
        self.codec = OverfittedCodec.of(self._overfitter)

    def on_fit_start(self) -> None:
        """Silence a warning: checkpoints hold the weights after the step."""
        warnings.filterwarnings("ignore", "Using ModelCheckpoint with manual optimization", UserWarning)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The networks' optimiser, whose steps are counted; that of the grids steps beside it."""
        return self.overfitter.soap

    def training_step(self, batch: Tensor | ImageBatch, batch_idx: int) -> None:
        """One iteration, whatever the batch holds: the image is known."""
        fit = self.overfitter
        progress = fit.step(cast(LightningOptimizer, self.optimizers()).step)
        found = {"loss": progress.loss / fit.weight, "bpp": progress.bpp, "psnr": progress.psnr}
        self.log_dict({f"train/{name}": value for name, value in found.items()}, prog_bar=True, batch_size=1)

    def validation_step(self, batch: Tensor | ImageBatch, batch_idx: int) -> None:
        """Estimated loss with rounded symbols, and statistics of each grid."""
        x = as_image_batch(batch, batch_idx).x
        output, y = self.codec(x), self.codec.symbols()
        found = {"val/loss": self.objective.loss(output, x, lmbda=self.lmbda).loss}
        for k, (grid, likelihoods) in enumerate(zip(y, output.likelihoods, strict=True)):
            found[f"latents/grid{k}_bpp"] = -torch.log2(likelihoods).sum() / x[0, 0].numel()
            found[f"latents/grid{k}_zeros"] = (grid == 0).float().mean()
            found[f"latents/grid{k}_std"] = grid.std(correction=0)
        self.log_dict(found, batch_size=1)

    def on_train_end(self) -> None:
        """Write the stream, and say where."""
        try:
            strings = best_of(self.overfitter).strings
        except FreezeError as error:
            self.print(f"no stream:   {error}")
            return
        H, W = self.overfitter.x.shape[2:]
        path = Path(self.trainer.default_root_dir, Path(self._image).stem + ".litc")
        path.write_bytes(pack(Compressed(strings, (H, W)), FINGERPRINT))
        self.print(f"stream:      {path} ({path.stat().st_size:,} bytes)")

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the fit whole, and describe the codec for ``litcodec export``."""
        checkpoint[STATE] = self.overfitter.state()
        checkpoint["litcodec"] = describe(self.codec.architecture, notes_of(self))

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on from where the checkpoint was taken.

        Raises:
            CodecFileError: if it is of another preset, size or module.
            CheckpointError: if it is of another image or lambda.
        """
        check_same_codec(checkpoint.get("litcodec"), self.codec)
        if not isinstance(checkpoint.get(STATE), dict):
            raise CodecFileError("this is not a checkpoint of an OverfittedModule.")
        self.overfitter.restore(checkpoint[STATE])
