"""Logs the same few validation images at every validation, beside their reconstructions."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import lightning as L
from PIL import Image

from litcodec.dashboard.enhancement import Enhancement, enhancement_of
from litcodec.dashboard.loggers import LoggedImage, log_images
from litcodec.dashboard.short_names import short_names
from litcodec.dashboard.tiles import ERROR_GAIN, Stage, on_one_canvas, panel
from litcodec.dashboard.validation import ObservedImage, ValidationCallback
from litcodec.errors import ShapeError
from litcodec.metrics import bits_per_place, bpp, psnr
from litcodec.report.bits_maps import COLOUR_MAP
from litcodec.training.ranks import gather_from_ranks

JPEG_QUALITY = 92


class Reconstruction(NamedTuple):
    """One image, ready to be shown."""

    name: str
    caption: str
    panel: Image.Image  # tiles in a row, see ``tiles.panel``


class Reconstructions(ValidationCallback):
    """Shows original | reconstruction | error | bits for the validation images that come first by name.

    The reconstruction is decoded from real bytes; bits per place are those of the integer tables. Of a hybrid
    it is original | inner | enhanced | error | bits: what the inner codec decodes, brought to full size, and
    what the enhancer makes of it, with the dB that it gains; ``RDPoints`` logs these as numbers. Images are
    saved as ``<default_root_dir>/reconstructions/step-XXXXXXX-<image>.jpg``, and W&B gets them as
    ``reconstructions``.

    Args:
        max_images: how many images.
        max_side: larger images are cropped at their centre to this many pixels (1:1, never resampled).
        every_n_validations: see ``ValidationCallback``.

    Raises:
        ShapeError: if an argument is below 1.
    """

    def __init__(self, max_images: int = 4, max_side: int = 512, every_n_validations: int = 1) -> None:
        super().__init__(every_n_validations)
        if max_images < 1 or max_side < 1:
            raise ShapeError(f"max_images and max_side are 1 or more; got {max_images} and {max_side}.")
        self.max_images, self.max_side = max_images, max_side
        self._chosen: dict[str, Reconstruction] = {}

    def begin(self) -> None:
        """Forget the reconstructions of the last validation."""
        self._chosen = {}

    def observe(self, trainer: L.Trainer, pl_module: L.LightningModule, image: ObservedImage) -> None:
        """Draw one image if it is among the first ``max_images`` by name."""
        # Loaders give images in order of name, mostly: then only the first few are ever drawn.
        if len(self._chosen) >= self.max_images and image.name > max(self._chosen):
            return
        self._chosen[image.name] = self._draw(image)
        self._chosen = {first: self._chosen[first] for first in sorted(self._chosen)[: self.max_images]}

    def finish(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Gather the first images of all ranks; rank 0 saves and logs them."""
        # Names first: then only the images that will be shown travel between ranks.
        names = sorted({name for rank in gather_from_ranks(tuple(self._chosen)) for name in rank})
        wanted = [self._chosen[name] for name in names[: self.max_images] if name in self._chosen]
        shown = {one.name: one for rank in gather_from_ranks(wanted) for one in rank}
        self._chosen = {}
        if trainer.is_global_zero and shown:
            self._show(trainer, [shown[name] for name in sorted(shown)])

    def _show(self, trainer: L.Trainer, shown: Sequence[Reconstruction]) -> None:
        folder = Path(trainer.default_root_dir) / "reconstructions"
        folder.mkdir(parents=True, exist_ok=True)
        names = short_names([one.name for one in shown])
        paths = [folder / f"step-{trainer.global_step:07d}-{names[one.name]}.jpg" for one in shown]
        # W&B draws a list of images in frames of one size.
        for path, canvas in zip(paths, on_one_canvas([one.panel for one in shown]), strict=True):
            canvas.save(path, quality=JPEG_QUALITY, subsampling=0)
        images = [
            LoggedImage(names[one.name], path, one.caption) for one, path in zip(shown, paths, strict=True)
        ]
        log_images(trainer, "reconstructions", images)

    def _draw(self, image: ObservedImage) -> Reconstruction:
        x, x_hat = image.x, image.x_hat
        bits = bits_per_place(image.bits, image.size, factor=image.codec.downsampling_factor)
        enhancement = enhancement_of(image)
        tiles, scale = panel(x, _stages(image, enhancement), bits, max_side=self.max_side)
        caption = (
            f"{image.name}: {bpp(len(image.stream), image.size):.4f} bpp, {psnr(x, x_hat):.2f} dB"
            f"{_enhancement_text(image, enhancement)} "
            f"(error: grey, mean |difference| x{ERROR_GAIN}; bits: {COLOUR_MAP}, 0 to {scale:g} a pixel)"
        )
        return Reconstruction(image.name, caption, tiles)


def _stages(image: ObservedImage, found: Enhancement | None) -> list[Stage]:
    if image.stages is None or found is None:
        return [Stage("reconstruction", image.x_hat)]
    inner = f"inner, {found.resolution} size: {found.psnr_inner:.2f} dB"
    enhanced = f"enhanced: {found.enhancer_gain:+.2f} dB" if _is_enhanced(image) else "not enhanced"
    return [Stage(inner, image.stages.inner), Stage(enhanced, image.stages.enhanced)]


def _enhancement_text(image: ObservedImage, found: Enhancement | None) -> str:
    """The enhancer's part in words, to be put after the dB of the image."""
    if found is None:
        return ""
    if not _is_enhanced(image):
        return f"; coded at {found.resolution} size, not enhanced"
    size, before, gain = found.resolution, found.psnr_inner, found.enhancer_gain
    return f"; inner codec {before:.2f} dB at {size} size, enhancer {gain:+.2f} dB"


def _is_enhanced(image: ObservedImage) -> bool:
    # To choose native size is to choose against the enhancer.
    return image.resolution != "native"
