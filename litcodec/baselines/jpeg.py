"""JPEG."""

from typing import Literal

import PIL
from PIL import features
from torch import Tensor

from litcodec.baselines.pillow import load_image, save_image, whole_quality


class Jpeg:
    """Baseline JPEG by libjpeg-turbo, with Huffman tables fitted to the image; not progressive.

    A file's header takes some 290 bytes. From 65,501 pixels a side on libjpeg refuses.

    Args:
        subsampling: of the chroma. "4:2:0" is what nearly all JPEG files have; from about 0.7 bits per pixel
            on "4:4:4" gives the better PSNR in RGB.
    """

    suffix = ".jpg"
    qualities: tuple[float, ...] = (5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 90)

    def __init__(self, *, subsampling: Literal["4:2:0", "4:4:4"] = "4:2:0") -> None:
        full = subsampling == "4:4:4"
        self.name = "JPEG 4:4:4" if full else "JPEG"
        self.key = "jpeg444" if full else "jpeg"
        self.subsampling = subsampling
        library = f"libjpeg-turbo {features.version_feature('libjpeg_turbo')}"
        self.source = f"Pillow {PIL.__version__}, {library}: {subsampling}, optimised Huffman tables"

    def setting(self, quality: float) -> str:
        """One of ``qualities`` in words."""
        return f"quality {quality:g}"

    def compress(self, x: Tensor, quality: float) -> bytes:
        """A complete file of an image (3, H, W), uint8 RGB; ``quality`` is libjpeg's, 1 to 100."""
        options = {
            # To Pillow 0 means "the usual one", 75.
            "quality": whole_quality(quality, 1, 100, name=self.name),
            "subsampling": self.subsampling,
            "optimize": True,
            "progressive": False,
        }
        return save_image(x, "JPEG", options, name=self.name)

    def decompress(self, data: bytes) -> Tensor:
        """The image of a file made by ``compress``, (3, H, W), uint8 RGB."""
        return load_image(data, "JPEG", name=self.name)
