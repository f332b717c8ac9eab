"""WebP."""

import PIL
from PIL import features
from torch import Tensor

from litcodec.baselines.pillow import load_image, save_image
from litcodec.errors import BaselineFailed, BaselineMissing


class WebP:
    """Lossy WebP by libwebp, its slowest method (6). Chroma is always 4:2:0; up to 16,383 pixels a side.

    Raises:
        BaselineMissing: if Pillow was built without it.
    """

    name = "WebP"
    key = "webp"
    suffix = ".webp"
    qualities: tuple[float, ...] = (0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95)

    def __init__(self) -> None:
        if not features.check_module("webp"):
            raise BaselineMissing("this Pillow was built without WebP: pip install --upgrade pillow")
        self.source = f"Pillow {PIL.__version__}, libwebp {features.version_module('webp')}: method 6"

    def setting(self, quality: float) -> str:
        """One of ``qualities`` in words."""
        return f"quality {quality:g}"

    def compress(self, x: Tensor, quality: float) -> bytes:
        """A complete file of an image (3, H, W), uint8 RGB; ``quality`` is libwebp's, 0 to 100."""
        if not 0 <= quality <= 100:
            raise BaselineFailed(f"{self.name} takes qualities from 0 to 100; got {quality:g}.")
        return save_image(x, "WEBP", {"quality": quality, "method": 6}, name=self.name)

    def decompress(self, data: bytes) -> Tensor:
        """The image of a file made by ``compress``, (3, H, W), uint8 RGB."""
        return load_image(data, "WEBP", name=self.name)
