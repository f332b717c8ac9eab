"""JPEG 2000."""

import PIL
from PIL import features
from torch import Tensor

from litcodec.baselines.pillow import load_image, save_image
from litcodec.errors import BaselineFailed, BaselineMissing


class Jpeg2000:
    """JPEG 2000 by OpenJPEG: irreversible 9/7 wavelet and colour transform, one layer, no tiles, JP2 files.

    A quality is the wanted rate in bits per pixel, headers (some 220 bytes) included; images too small for
    their headers take more.

    Raises:
        BaselineMissing: if Pillow was built without it.
    """

    name = "JPEG 2000"
    key = "jpeg2000"
    suffix = ".jp2"
    qualities: tuple[float, ...] = (0.1, 0.15, 0.25, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0)

    def __init__(self) -> None:
        if not features.check_codec("jpg_2000"):
            raise BaselineMissing("this Pillow was built without JPEG 2000: pip install --upgrade pillow")
        library = f"OpenJPEG {features.version_codec('jpg_2000')}"
        self.source = f"Pillow {PIL.__version__}, {library}: 9/7 wavelet"

    def setting(self, quality: float) -> str:
        """One of ``qualities`` in words."""
        return f"{quality:g} bpp wanted"

    def compress(self, x: Tensor, quality: float) -> bytes:
        """Code ``x``, (3, H, W) uint8 RGB, at ``quality``: the wanted rate in bits per pixel, above 0."""
        if not 0 < quality <= 24:
            raise BaselineFailed(
                f"{self.name} takes rates above 0 and up to 24 bits per pixel; got {quality:g}."
            )
        options = {
            "quality_mode": "rates",
            "quality_layers": (24 / quality,),  # how many times smaller than the raw image
            "irreversible": True,
            "mct": 1,  # without it Pillow codes R, G and B apart, which costs 2.5 dB
        }
        return save_image(x, "JPEG2000", options, name=self.name)

    def decompress(self, data: bytes) -> Tensor:
        """The image of a file made by ``compress``, (3, H, W), uint8 RGB."""
        return load_image(data, "JPEG2000", name=self.name)
