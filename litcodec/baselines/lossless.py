"""Lossless classic codecs: PNG, WebP, JPEG 2000 and JPEG XL."""

from importlib.metadata import version
from typing import NamedTuple

import PIL
from PIL import features
from torch import Tensor

from litcodec.baselines.pillow import load_image, save_image
from litcodec.errors import BaselineFailed, BaselineMissing


class _Form(NamedTuple):
    """What a format asks of Pillow."""

    name: str
    suffix: str
    pillow: str  # Pillow's name of it
    module: str | None  # that Pillow needs for it
    settings: tuple[tuple[str, dict[str, object]], ...]  # by rising effort


_FORMS: dict[str, _Form] = {
    "png": _Form("PNG", ".png", "PNG", "zlib", (("optimised", {"optimize": True}),)),
    "webp-lossless": _Form(
        "WebP lossless",
        ".webp",
        "WEBP",
        "webp",
        (
            ("method 4", {"lossless": True, "method": 4, "quality": 75}),
            ("method 6", {"lossless": True, "method": 6, "quality": 100}),
        ),
    ),
    "jpeg2000-lossless": _Form(
        "JPEG 2000 reversible",
        ".jp2",
        "JPEG2000",
        "jpg_2000",
        (("5/3 wavelet", {"irreversible": False, "mct": 1}),),
    ),
    "jxl-lossless": _Form(
        "JPEG XL lossless",
        ".jxl",
        "JXL",
        None,
        tuple(
            (f"effort {effort}", {"lossless": True, "effort": effort, "num_threads": 1})
            for effort in (3, 7, 9)
        ),
    ),
}
LOSSLESS_KEYS = tuple(_FORMS)


class LosslessBaseline:
    """One of the formats; a quality is the number of a setting, 0 the fastest.

    Args:
        key: of ``LOSSLESS_KEYS``.

    Raises:
        BaselineMissing: if Pillow was built without it, or pillow-jxl-plugin is not installed.
    """

    def __init__(self, key: str) -> None:
        self.key, form = key, _FORMS[key]
        self.name, self.suffix, self._form = form.name, form.suffix, form
        self.qualities = tuple(float(k) for k in range(len(form.settings)))
        self.source = f"Pillow {PIL.__version__}"
        if form.module is None:
            try:
                import pillow_jxl  # noqa: F401  registers the format with Pillow
            except ImportError:
                raise BaselineMissing(
                    "pillow-jxl-plugin is not installed: pip install pillow-jxl-plugin"
                ) from None
            self.source = f"pillow-jxl-plugin {version('pillow-jxl-plugin')}"
        elif not features.check(form.module):
            raise BaselineMissing(f"this Pillow was built without {self.name}: pip install --upgrade pillow")

    def setting(self, quality: float) -> str:
        """One of ``qualities`` in words."""
        return self._setting(quality)[0]

    def compress(self, x: Tensor, quality: float) -> bytes:
        """A complete file of an image (3, H, W), uint8 RGB; ``quality`` is one of ``qualities``."""
        return save_image(x, self._form.pillow, self._setting(quality)[1], name=self.name)

    def decompress(self, data: bytes) -> Tensor:
        """The image of a file made by ``compress``, (3, H, W), uint8 RGB: the exact pixels."""
        return load_image(data, self._form.pillow, name=self.name)

    def _setting(self, quality: float) -> tuple[str, dict[str, object]]:
        if quality not in self.qualities:
            raise BaselineFailed(f"{self.name} has the settings {self.qualities}; got {quality:g}.")
        return self._form.settings[int(quality)]
