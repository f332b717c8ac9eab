"""JPEG 2000."""

import PIL
from PIL import features
from torch import Tensor

from litcodec.anchors.pillow import load_picture, save_picture
from litcodec.errors import AnchorFailed, AnchorMissing


class Jpeg2000:
    """JPEG 2000 by OpenJPEG: irreversible 9/7 wavelet and colour transform, one layer, no tiles, JP2 files.

    A quality is the wanted rate in bits per pixel, headers (some 220 bytes) included; pictures too small for
    their headers take more.

    Raises:
        AnchorMissing: if Pillow was built without it.
    """

    name = "JPEG 2000"
    key = "jpeg2000"
    suffix = ".jp2"
    ladder: tuple[float, ...] = (0.1, 0.15, 0.25, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0)

    def __init__(self) -> None:
        if not features.check_codec("jpg_2000"):
            raise AnchorMissing("this Pillow was built without JPEG 2000: pip install --upgrade pillow")
        library = f"OpenJPEG {features.version_codec('jpg_2000')}"
        self.source = f"Pillow {PIL.__version__}, {library}: 9/7 wavelet"

    def setting(self, quality: float) -> str:
        """See ``Anchor.setting``."""
        return f"{quality:g} bpp wanted"

    def compress(self, x: Tensor, quality: float) -> bytes:
        """See ``Anchor.compress``; ``quality`` is the wanted rate in bits per pixel, above 0."""
        if not 0 < quality <= 24:
            raise AnchorFailed(
                f"{self.name} takes rates above 0 and up to 24 bits per pixel; got {quality:g}."
            )
        options = {
            "quality_mode": "rates",
            "quality_layers": (24 / quality,),  # how many times smaller than the raw picture
            "irreversible": True,
            "mct": 1,  # without it Pillow codes R, G and B apart, which costs 2.5 dB
        }
        return save_picture(x, "JPEG2000", options, name=self.name)

    def decompress(self, data: bytes) -> Tensor:
        """See ``Anchor.decompress``."""
        return load_picture(data, "JPEG2000", name=self.name)
