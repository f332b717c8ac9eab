"""JPEG XL."""

from importlib.metadata import version

from torch import Tensor

from litcodec.anchors.pillow import load_picture, save_picture
from litcodec.errors import AnchorFailed, AnchorMissing

EFFORT = 7  # libjxl's usual one


class JpegXl:
    """Lossy JPEG XL by libjxl (VarDCT), effort 7, on one thread; bare codestreams.

    libjxl looks after what the eye sees, not after PSNR, and goes no lower than some 0.15 bits per pixel on
    photographs: below quality 15 or so it halves the picture, a kink in the curve.

    Raises:
        AnchorMissing: if pillow-jxl-plugin is not installed.
    """

    name = "JPEG XL"
    key = "jxl"
    suffix = ".jxl"
    ladder: tuple[float, ...] = (0, 10, 20, 30, 45, 60, 70, 80, 85, 90, 95)

    def __init__(self) -> None:
        try:
            import pillow_jxl  # noqa: F401  registers the format with Pillow
        except ImportError:
            raise AnchorMissing("pillow-jxl-plugin is not installed: pip install pillow-jxl-plugin") from None
        self.source = f"pillow-jxl-plugin {version('pillow-jxl-plugin')}: effort {EFFORT}"

    def setting(self, quality: float) -> str:
        """See ``Anchor.setting``."""
        return f"quality {quality:g}"

    def compress(self, x: Tensor, quality: float) -> bytes:
        """See ``Anchor.compress``; ``quality`` is libjxl's, from 0 to below 100, which would be lossless."""
        if not 0 <= quality < 100:
            raise AnchorFailed(f"{self.name} takes qualities from 0 to below 100; got {quality:g}.")
        options = {"quality": quality, "effort": EFFORT, "num_threads": 1}
        return save_picture(x, "JXL", options, name=self.name)

    def decompress(self, data: bytes) -> Tensor:
        """See ``Anchor.decompress``."""
        return load_picture(data, "JXL", name=self.name)
