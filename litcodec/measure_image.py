"""The one place where an image's real bytes are measured: encode, decode just those bytes, compare, time."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from litcodec.frozen import FrozenCodec, from_stream, to_stream
from litcodec.limits import pixels_needed
from litcodec.metrics import Metric, bpp, scores_of


class Coder(Protocol):
    """An image, (3, H, W) uint8 RGB, to the bytes of a file and back."""

    @property
    def suffix(self) -> str:
        """Of its files: ".litc"."""

    def encode(self, x: Tensor) -> bytes:
        """A complete file."""

    def decode(self, data: bytes) -> Tensor:
        """The image in a file that ``encode`` made, (3, H, W) uint8 RGB."""


class Measurement(NamedTuple):
    """One image through one coder."""

    data: bytes  # the complete file, headers included
    x_hat: Tensor  # what ``data`` decodes to, (3, H, W) uint8
    bpp: float  # 8 * len(data) / (H * W)
    scores: Mapping[str, float]  # by name of the metric
    encode_s: float  # wall time
    decode_s: float


class CodecCoder:
    """litcodec's own codecs: ``.litc`` files.

    Args:
        codec: a frozen codec.
        max_pixels: refuse to decode larger images; as many as the image has if not given.
    """

    suffix = ".litc"

    def __init__(self, codec: FrozenCodec, *, max_pixels: int | None = None) -> None:
        self.codec = codec
        self.max_pixels = max_pixels
        self._last_size = (0, 0)

    def encode(self, x: Tensor) -> bytes:
        """Code an image, (3, H, W) uint8 RGB or (1, 3, H, W) float in [0, 1], as a ``.litc`` file."""
        self._last_size = (x.shape[-2], x.shape[-1])
        return to_stream(self.codec, x[None].float() / 255 if x.dtype == torch.uint8 else x)

    def decode(self, data: bytes) -> Tensor:
        """Decode a file to (3, H, W), uint8 RGB: rounded as ``litcodec decompress`` writes it."""
        limit = pixels_needed(*self._last_size) if self.max_pixels is None else self.max_pixels
        return eight_bits(from_stream(self.codec, data, max_pixels=limit))


def eight_bits(x_hat: Tensor) -> Tensor:
    """A decoded image (1, 3, H, W) in [0, 1] as (3, H, W) uint8."""
    return (x_hat[0] * 255).round().to(torch.uint8)


def measure_image(
    coder: Coder,
    x: Tensor,
    metrics: Sequence[Metric],
    *,
    through: Callable[[bytes], bytes] = lambda data: data,
) -> Measurement:
    """Compress one image to the bytes of a file, decompress these, and compare.

    Args:
        coder: a codec or a baseline codec at one setting.
        x: (3, H, W) uint8, or, where ``coder`` takes it, (1, 3, H, W) in [0, 1].
        metrics: what to measure.
        through: what becomes of the bytes between: ``litcodec evaluate`` writes them and reads them back.

    Raises:
        LitcodecError: if the coder fails, or a metric refuses the image.
    """
    start = time.perf_counter()
    data = coder.encode(x)
    encode_s = time.perf_counter() - start
    data = through(data)
    start = time.perf_counter()
    x_hat = coder.decode(data)
    decode_s = time.perf_counter() - start
    size = (x.shape[-2], x.shape[-1])
    scores = scores_of(x, x_hat.to(x.device), metrics)
    return Measurement(data, x_hat, bpp(len(data), size), scores, encode_s, decode_s)
