"""WebP."""

import PIL
from PIL import features
from torch import Tensor

from litcodec.anchors.pillow import load_picture, save_picture
from litcodec.errors import AnchorFailed, AnchorMissing


class WebP:
    """Lossy WebP by libwebp, its slowest method (6). Chroma is always 4:2:0; up to 16,383 pixels a side.

    Raises:
        AnchorMissing: if Pillow was built without it.
    """

    name = "WebP"
    key = "webp"
    suffix = ".webp"
    ladder: tuple[float, ...] = (0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95)

    def __init__(self) -> None:
        if not features.check_module("webp"):
            raise AnchorMissing("this Pillow was built without WebP: pip install --upgrade pillow")
        self.source = f"Pillow {PIL.__version__}, libwebp {features.version_module('webp')}: method 6"

    def setting(self, quality: float) -> str:
        """See ``Anchor.setting``."""
        return f"quality {quality:g}"

    def compress(self, x: Tensor, quality: float) -> bytes:
        """See ``Anchor.compress``; ``quality`` is libwebp's, 0 to 100."""
        if not 0 <= quality <= 100:
            raise AnchorFailed(f"{self.name} takes qualities from 0 to 100; got {quality:g}.")
        return save_picture(x, "WEBP", {"quality": quality, "method": 6}, name=self.name)

    def decompress(self, data: bytes) -> Tensor:
        """See ``Anchor.decompress``."""
        return load_picture(data, "WEBP", name=self.name)
