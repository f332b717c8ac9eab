"""Images <-> complete ``.litc`` streams: the path by which every figure is measured."""

from torch import Tensor

from litcodec.bitstream import pack, unpack
from litcodec.frozen.base import FrozenCodec
from litcodec.limits import MAX_PIXELS, pixels_needed


def to_stream(codec: FrozenCodec, x: Tensor) -> bytes:
    """The ``.litc`` stream of one image.

    Args:
        codec: with what.
        x: (1, 3, H, W) in [0, 1].

    Raises:
        ShapeError: if ``x`` is not an image.
        FreezeError: if a latent is not finite.
    """
    (compressed,) = codec.compress(x)
    return pack(compressed, codec.fingerprint)


def from_stream(codec: FrozenCodec, data: bytes, *, max_pixels: int = MAX_PIXELS) -> Tensor:
    """The image (1, 3, H, W), float32 in [0, 1], of a ``.litc`` stream.

    Args:
        codec: the one it was made with.
        data: all of it.
        max_pixels: refuse larger images, before anything is allocated for them.

    Raises:
        BitstreamError: if the stream is damaged, too large, or of another codec.
        FreezeError: if the codec's weights give an image that is not finite.
    """
    return codec.decompress([unpack(data, fingerprint=codec.fingerprint, max_pixels=max_pixels)])


def through_bytes(codec: FrozenCodec, x: Tensor) -> tuple[bytes, Tensor]:
    """The stream of ``x`` (1, 3, H, W), and the image decoded from just those bytes, where ``x`` is."""
    data = to_stream(codec, x)
    decoded = from_stream(codec, data, max_pixels=pixels_needed(x.shape[2], x.shape[3]))
    return data, decoded.to(x.device)
