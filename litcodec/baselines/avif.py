"""AVIF."""

import PIL
from PIL import features
from torch import Tensor

from litcodec.baselines.pillow import load_image, save_image, whole_quality
from litcodec.errors import BaselineMissing

SPEED = 4  # of 0 to 10. On photographs 2 gains 0.1 dB, 6 loses 0.5 dB


class Avif:
    """AVIF by aom at speed 4: 4:4:4, 8 bits, no tiles, on one thread.

    It is tuned for PSNR, as AV1 is in published curves: libavif's usual tuning is for the eye, and needs
    about a fifth more bits at equal PSNR but a sixth fewer at equal MS-SSIM. A file's boxes take some 300
    bytes.

    Raises:
        BaselineMissing: if Pillow was built without it.
    """

    name = "AVIF 4:4:4"
    key = "avif"
    suffix = ".avif"
    qualities: tuple[float, ...] = (8, 16, 24, 32, 40, 48, 56, 64, 72, 80)

    def __init__(self) -> None:
        if not features.check_module("avif"):
            raise BaselineMissing("this Pillow was built without AVIF: pip install --upgrade pillow")
        library = f"libavif {features.version_module('avif')}"
        self.source = f"Pillow {PIL.__version__}, {library}: aom, speed {SPEED}, tuned for PSNR"

    def setting(self, quality: float) -> str:
        """One of ``qualities`` in words."""
        return f"quality {quality:g}"

    def compress(self, x: Tensor, quality: float) -> bytes:
        """A complete file of an image (3, H, W), uint8 RGB; ``quality`` is libavif's, 0 to 100."""
        options = {
            "quality": whole_quality(quality, 0, 100, name=self.name),
            "codec": "aom",
            "speed": SPEED,
            "subsampling": "4:4:4",
            "autotiling": False,
            "max_threads": 1,
            "advanced": {"tune": "psnr"},
        }
        return save_image(x, "AVIF", options, name=self.name)

    def decompress(self, data: bytes) -> Tensor:
        """The image of a file made by ``compress``, (3, H, W), uint8 RGB."""
        return load_image(data, "AVIF", name=self.name)
