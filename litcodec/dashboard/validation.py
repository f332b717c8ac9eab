"""The base of callbacks that look at validation images: one image at a time, and one frozen codec."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import lightning as L
from lightning.pytorch.utilities import rank_zero_warn
from torch import Tensor

from litcodec.bitstream import pack, unpack
from litcodec.codecs import Codec
from litcodec.data import ImageBatch, as_image_batch
from litcodec.errors import FreezeError, ShapeError
from litcodec.frozen import FrozenCodec, Stages, from_stream
from litcodec.frozen.base import Resolution
from litcodec.latent_coding import Coded
from litcodec.limits import pixels_needed
from litcodec.measure_image import Measurement, eight_bits, measure_image
from litcodec.metrics import Metric
from litcodec.training import notes_of
from litcodec.types import Compressed


class ObservedImage:
    """One validation image, coded and decoded when first asked for, and only once for all callbacks.

    Args:
        x: (1, 3, H, W) in [0, 1].
        name: of its file.
        freeze: gives the codec of this validation; may raise FreezeError, as may then all properties.
    """

    def __init__(self, x: Tensor, name: str, freeze: Callable[[], FrozenCodec]) -> None:
        self.x, self.name = x, name
        self.size = (x.shape[2], x.shape[3])  # (H, W)
        self._freeze = freeze

    @cached_property
    def codec(self) -> FrozenCodec:
        """The frozen codec of this validation."""
        return self._freeze()

    @cached_property
    def coded(self) -> Coded:
        """The image's latents, coded."""
        return self.codec.encode(self.x)

    @cached_property
    def stream(self) -> bytes:
        """The complete ``.litc`` stream."""
        return pack(Compressed(self.coded.strings, self.size), self.codec.fingerprint)

    @cached_property
    def resolution(self) -> Resolution | None:
        """At which size the encoder chose to code it; None if it has no choice."""
        return self.codec.resolution(self.coded.strings)

    @cached_property
    def bits(self) -> tuple[Tensor, ...]:
        """Bits of every symbol of each latent, outermost first, (1, C, h, w)."""
        return self.codec.bits(self.x, self.resolution)

    @cached_property
    def stages(self) -> Stages | None:
        """What a hybrid decodes before and after its enhancer, where ``x`` is; None for other codecs."""
        if not self.codec.has_stages:
            return None
        packed = unpack(self.stream, fingerprint=self.codec.fingerprint, max_pixels=pixels_needed(*self.size))
        inner, enhanced, resolution = self.codec.decode_stages(*packed)
        return Stages(inner.to(self.x.device), enhanced.to(self.x.device), resolution)

    @cached_property
    def x_hat(self) -> Tensor:
        """What these bytes decode to, (1, 3, H, W), where ``x`` is."""
        if self.stages is not None:
            return self.stages.enhanced
        decoded = from_stream(self.codec, self.stream, max_pixels=pixels_needed(*self.size))
        return decoded.to(self.x.device)

    def measure(self, metrics: Sequence[Metric]) -> Measurement:
        """Rate and scores of these bytes."""
        return measure_image(_AlreadyCoded(self), self.x, metrics)


class _AlreadyCoded:
    """An observed image as a coder: what was coded and decoded for one callback serves all."""

    suffix = ".litc"

    def __init__(self, image: ObservedImage) -> None:
        self.image = image

    def encode(self, x: Tensor) -> bytes:
        """The stream that the validation has made of the image already."""
        return self.image.stream

    def decode(self, data: bytes) -> Tensor:
        """The image that the validation has decoded already, (3, H, W), uint8."""
        return eight_bits(self.image.x_hat)


class _Shared(NamedTuple):
    """What the callbacks of one validation give each other."""

    batch: Tensor | ImageBatch
    images: Sequence[ObservedImage]


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
        self._shared: _Shared | None = None  # of the batch under way

    @abstractmethod
    def begin(self) -> None:
        """Forget the last validation."""

    @abstractmethod
    def observe(self, trainer: L.Trainer, pl_module: L.LightningModule, image: ObservedImage) -> None:
        """Look at one image."""

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

    def on_validation_batch_start(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        batch: Tensor | ImageBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Let go of the last batch before the next one needs its memory."""
        self._shared = None

    def on_validation_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Tensor | ImageBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Look at the images of a batch."""
        if not self._active or self.broken:
            return
        self._shared = self._share(trainer, pl_module, batch, batch_idx)
        for image in self._shared.images:
            try:
                self.observe(trainer, pl_module, image)
            except FreezeError as error:
                self.broken = True
                rank_zero_warn(f"{type(self).__name__} skips this validation: {error}")
                return

    def on_validation_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Report."""
        if self._active:
            self.finish(trainer, pl_module)
            self.frozen = self._shared = None

    def frozen_codec(self, trainer: L.Trainer, pl_module: L.LightningModule) -> FrozenCodec:
        """The codec as it is in this validation, frozen by whichever callback asked first.

        Asked for with the first image rather than at the start, when averaged weights may not be in place
        yet.

        Raises:
            FreezeError: if the codec cannot be frozen.
        """
        if self.frozen is None:
            found = (sibling.frozen for sibling in _active_siblings(trainer))
            self.frozen = next((frozen for frozen in found if frozen is not None), None)
        if self.frozen is None:
            self.frozen = watched_codec(pl_module).freeze()
            self.frozen.training = notes_of(pl_module)
        return self.frozen

    def _share(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Tensor | ImageBatch, batch_idx: int
    ) -> _Shared:
        """The images of a batch: a sibling's, if one has looked at it already."""
        for sibling in _active_siblings(trainer):
            if sibling._shared is not None and sibling._shared.batch is batch:
                return sibling._shared

        def freeze() -> FrozenCodec:
            return self.frozen_codec(trainer, pl_module)

        x, names = as_image_batch(batch, batch_idx)
        images = [ObservedImage(x[k : k + 1].float(), name, freeze) for k, name in enumerate(names)]
        return _Shared(batch, images)


def _active_siblings(trainer: L.Trainer) -> list[ValidationCallback]:
    callbacks: list[L.Callback] = trainer.callbacks  # type: ignore[attr-defined]
    return [c for c in callbacks if isinstance(c, ValidationCallback) and c._active]


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
