"""JPEG XL."""

from importlib.metadata import version

from torch import Tensor

from litcodec.baselines.pillow import load_image, save_image
from litcodec.errors import BaselineFailed, BaselineMissing

EFFORT = 7  # libjxl's usual one


class JpegXl:
    """Lossy JPEG XL by libjxl (VarDCT), effort 7, on one thread; bare codestreams.

    libjxl looks after what the eye sees, not after PSNR, and goes no lower than some 0.15 bits per pixel on
    photographs: below quality 15 or so it halves the image, a kink in the curve.

    Raises:
        BaselineMissing: if pillow-jxl-plugin is not installed.
    """

    name = "JPEG XL"
    key = "jxl"
    suffix = ".jxl"
    qualities: tuple[float, ...] = (0, 10, 20, 30, 45, 60, 70, 80, 85, 90, 95)

    def __init__(self) -> None:
        try:
            import pillow_jxl  # noqa: F401  registers the format with Pillow
        except ImportError:
            raise BaselineMissing(
                "pillow-jxl-plugin is not installed: pip install pillow-jxl-plugin"
            ) from None
        self.source = f"pillow-jxl-plugin {version('pillow-jxl-plugin')}: effort {EFFORT}"

    def setting(self, quality: float) -> str:
        """One of ``qualities`` in words."""
        return f"quality {quality:g}"

    def compress(self, x: Tensor, quality: float) -> bytes:
        """Code ``x``, (3, H, W) uint8 RGB, at libjxl's ``quality``: 0 to below 100 (lossless)."""
        if not 0 <= quality < 100:
            raise BaselineFailed(f"{self.name} takes qualities from 0 to below 100; got {quality:g}.")
        options = {"quality": quality, "effort": EFFORT, "num_threads": 1}
        return save_image(x, "JXL", options, name=self.name)

    def decompress(self, data: bytes) -> Tensor:
        """The image of a file made by ``compress``, (3, H, W), uint8 RGB."""
        return load_image(data, "JXL", name=self.name)
