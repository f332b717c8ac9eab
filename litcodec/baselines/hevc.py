"""HEVC intra."""

import io

from torch import Tensor

from litcodec.baselines.pillow import library_errors, pillow_image, tensor_of, whole_quality
from litcodec.errors import BaselineMissing

# In libheif's hands "tune psnr" leaves these on, and x265 then starves the chroma of 4:4:4: 12 % of bits.
_NOT_FOR_THE_EYE = {"x265:psy-rd": "0", "x265:psy-rdoq": "0"}


class Hevc:
    """HEVC intra by x265: 4:4:4, 8 bits, preset slow, tuned for PSNR, on one thread; HEIC files.

    Quality q is x265's constant rate factor (100 - q) / 2. Slower presets change less than 0.5 %. A file's
    boxes take some 430 bytes, which counts: 8 % of a Kodak image at 0.1 bits per pixel. Up to about 8,000
    pixels a side.

    Raises:
        BaselineMissing: if pillow-heif is not installed, or was built without x265.
    """

    name = "HEVC intra 4:4:4"
    key = "hevc"
    suffix = ".heic"
    qualities: tuple[float, ...] = (5, 10, 15, 20, 26, 32, 38, 44, 50, 57)

    def __init__(self) -> None:
        try:
            import pillow_heif
        except ImportError:
            raise BaselineMissing("pillow-heif is not installed: pip install pillow-heif") from None
        info = pillow_heif.libheif_info()
        if "x265" not in info["encoders"]:
            raise BaselineMissing(
                f"pillow-heif {pillow_heif.__version__} has no x265: pip install --upgrade pillow-heif"
            )
        # Not registered with Pillow, so that what files Pillow opens elsewhere does not depend on us.
        self._library = pillow_heif
        libraries = f"libheif {info['libheif']}, {info['encoders']['x265']}"
        self.source = f"pillow-heif {pillow_heif.__version__}, {libraries}: preset slow, tuned for PSNR"

    def setting(self, quality: float) -> str:
        """One of ``qualities`` in words."""
        return f"quality {quality:g}"

    def compress(self, x: Tensor, quality: float) -> bytes:
        """A complete file of an image (3, H, W), uint8 RGB; ``quality`` is libheif's, 0 to 100."""
        whole = whole_quality(quality, 0, 100, name=self.name)
        encoder = {"preset": "slow", "tune": "psnr", **_NOT_FOR_THE_EYE, "x265:pools": "none"}
        image = pillow_image(x)
        file = io.BytesIO()
        with library_errors(self.name):
            heif = self._library.from_pillow(image)
            heif.save(file, quality=whole, chroma=444, enc_params=encoder)
        return file.getvalue()

    def decompress(self, data: bytes) -> Tensor:
        """The image of a file made by ``compress``, (3, H, W), uint8 RGB."""
        with library_errors(self.name):
            return tensor_of(self._library.open_heif(io.BytesIO(data)).to_pillow())
