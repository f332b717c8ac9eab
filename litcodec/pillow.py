"""Importing this module teaches Pillow the ``.litc`` format: ``Image.open`` and ``Image.save``.

``image.save("x.litc", quality=40)`` takes a packaged codec, or the one given as ``codec=`` (what
``litcodec.load`` returns); ``Image.open`` finds packaged codecs by a stream's fingerprint, and those that
``register`` was given.
"""

from functools import cache
from typing import IO, Any

from PIL import Image, ImageFile

import litcodec
from litcodec.bitstream import read_header
from litcodec.bitstream.header import MAGIC
from litcodec.errors import LitcodecError
from litcodec.limits import MAX_PIXELS, pixels_needed
from litcodec.loaded import OVERFITTED, LoadedCodec
from litcodec.overfitted import FINGERPRINT
from litcodec.zoo import packaged_codec

FORMAT = "LITC"
_registered: dict[bytes, LoadedCodec] = {}


def register(codec: LoadedCodec) -> None:
    """Let ``Image.open`` decode streams of ``codec``."""
    _registered[codec.frozen.fingerprint] = codec


@cache
def _packaged(fingerprint: bytes) -> LoadedCodec:
    return litcodec.load(OVERFITTED if fingerprint == FINGERPRINT else packaged_codec(fingerprint))


class LitcImageFile(ImageFile.ImageFile):
    """A ``.litc`` file; decoded when its pixels are asked for."""

    format = FORMAT
    format_description = "litcodec"

    def _open(self) -> None:
        assert self.fp is not None
        try:
            data = self.fp.read()
            header = read_header(data)
            H, W = header.size
            if pixels_needed(H, W) > (Image.MAX_IMAGE_PIXELS or MAX_PIXELS):
                raise Image.DecompressionBombError(f"{W}x{H} pixels exceed the limit of Pillow.")
        except LitcodecError as error:
            raise SyntaxError(str(error)) from error  # how Pillow's plugins say "not mine"
        self._size, self._mode = (W, H), "RGB"
        self._data, self._fingerprint = data, header.fingerprint
        self.tile = []

    def load(self) -> Any:
        """Decode, once.

        Raises:
            OSError: if the stream is damaged or its codec is not here.
        """
        if self._data:
            try:
                codec = _registered.get(self._fingerprint) or _packaged(self._fingerprint)
                self.im = codec.decompress(self._data).im
            except LitcodecError as error:
                raise OSError(str(error)) from error
            self._data = b""
        return super().load()


def _save(image: Image.Image, file: IO[bytes], filename: str | bytes) -> None:
    options = image.encoderinfo
    codec = options.get("codec") or _default()
    rates: dict[str, Any] = {name: options.get(name) for name in ("quality", "bpp", "max_bytes")}
    file.write(codec.compress(image, **rates, effort=options.get("effort", 0)))


@cache
def _default() -> LoadedCodec:
    return litcodec.load()


Image.register_open(FORMAT, LitcImageFile, lambda prefix: prefix.startswith(MAGIC))
Image.register_save(FORMAT, _save)
Image.register_extension(FORMAT, ".litc")
Image.register_mime(FORMAT, "image/x-litc")
