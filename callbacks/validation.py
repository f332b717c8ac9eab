"""What callbacks that look at validation images share: the images one by one, and one frozen codec."""

from abc import ABC, abstractmethod
from typing import Any

import lightning as L
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor

from litcodec.codecs import Codec, FrozenCodec
from litcodec.data import ImageBatch
from litcodec.errors import FreezeError, ShapeError


class ValidationCallback(L.Callback, ABC):
    """Calls ``begin``, ``observe`` for each image, ``finish``; not during Lightning's sanity check.

    A codec that cannot be frozen does not end the run: ``broken`` is set, a warning says why, and no more
    images are observed in this validation.

    Args:
        every_n_validations: 1 looks at every validation; k at the first, the (k+1)th and so on.

    Raises:
        ShapeError: if ``every_n_validations`` is below 1.
    """

    def __init__(self, every_n_validations: int = 1) -> None:
        if every_n_validations < 1:
            raise ShapeError(f"every_n_validations is 1 or more; got {every_n_validations}.")
        self.every_n_validations = every_n_validations
        self.frozen: FrozenCodec | None = None  # of the validation under way
        self.broken = False
        self._validations = 0
        self._active = False

    @abstractmethod
    def begin(self) -> None:
        """Forget the last validation."""

    @abstractmethod
    def observe(self, trainer: L.Trainer, pl_module: L.LightningModule, x: Tensor, name: str) -> None:
        """Look at one image, (1, 3, H, W) in [0, 1]."""

    @abstractmethod
    def finish(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Report; called on every rank."""

    def on_validation_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Decide whether to look at this validation."""
        self._active = not trainer.sanity_checking and self._validations % self.every_n_validations == 0
        self._validations += not trainer.sanity_checking
        if self._active:
            self.broken = False
            self.begin()

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: ImageBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Look at the images of a batch."""
        for k, name in enumerate(batch.names):
            if not self._active or self.broken:
                return
            try:
                self.observe(trainer, pl_module, batch.x[k : k + 1].float(), name)
            except FreezeError as error:
                self.broken = True
                rank_zero_warn(f"{type(self).__name__} skips this validation: {error}")

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Report."""
        if self._active:
            self.finish(trainer, pl_module)
            self.frozen = None

    def frozen_codec(self, trainer: L.Trainer, pl_module: L.LightningModule) -> FrozenCodec:
        """The codec as it is in this validation, frozen by whichever callback asked first.

        Asked for with the first image rather than at the start, when averaged weights may not be in place
        yet.

        Raises:
            FreezeError: if the codec cannot be frozen.
        """
        if self.frozen is None:
            callbacks: list[L.Callback] = trainer.callbacks  # type: ignore[attr-defined]
            siblings = (c.frozen for c in callbacks if isinstance(c, ValidationCallback) and c._active)
            self.frozen = next((frozen for frozen in siblings if frozen is not None), None)
        if self.frozen is None:
            self.frozen = watched_codec(pl_module).freeze()
        return self.frozen


def watched_codec(pl_module: L.LightningModule) -> Codec:
    """The codec that a module trains.

    Raises:
        TypeError: if it has none.
    """
    codec = getattr(pl_module, "codec", None)
    if not isinstance(codec, Codec):
        raise TypeError(
            f"these callbacks watch a module with a litcodec codec; its `codec` is {type(codec).__name__}."
        )
    return codec
