"""Codecs and baselines behind two verbs: at a quality, or at a rate, where each image has its own quality."""

import math
from collections.abc import Callable

from torch import Tensor

from litcodec.baselines.base import Baseline
from litcodec.errors import CodecFileError
from litcodec.frozen import FrozenCodec
from litcodec.measure_image import CodecCoder, Coder

STEPS = 256  # of a range of qualities that are not whole numbers


class BaselineCoder:
    """A baseline codec at one quality."""

    def __init__(self, baseline: Baseline, quality: float) -> None:
        self.baseline = baseline
        self.quality = quality
        self.suffix = baseline.suffix

    def encode(self, x: Tensor) -> bytes:
        """Code ``x``, (3, H, W) uint8 RGB, as a complete file of the baseline."""
        return self.baseline.compress(x, self.quality)

    def decode(self, data: bytes) -> Tensor:
        """Decode a file to (3, H, W), uint8 RGB."""
        return self.baseline.decompress(data)


class AtRate:
    """Codes each image at the quality whose file's rate is nearest to ``bpp``, found by bisection.

    An image whose lowest or highest quality is still beyond gets that one: what was written is measured.

    Args:
        at: the coder at a step, 0 the lowest rate.
        steps: how many.
        bpp: wanted bits per pixel, of the complete file.
    """

    def __init__(self, at: Callable[[int], Coder], steps: int, bpp: float) -> None:
        self._at, self._steps, self.bpp = at, steps, bpp
        self._decoder = at(0)
        self.suffix = self._decoder.suffix

    def encode(self, x: Tensor) -> bytes:
        """Code ``x``, (3, H, W) uint8 RGB, at the quality whose file is nearest to the wanted rate."""
        wanted = self.bpp * x.shape[-2] * x.shape[-1] / 8
        files: dict[int, bytes] = {}
        low, high = 0, self._steps - 1
        while low <= high:
            step = (low + high) // 2
            files[step] = self._at(step).encode(x)
            if len(files[step]) < wanted:
                low = step + 1
            else:
                high = step - 1
        return min(files.values(), key=lambda data: abs(math.log(len(data) / wanted)))

    def decode(self, data: bytes) -> Tensor:
        """Decode a file to (3, H, W), uint8 RGB."""
        return self._decoder.decode(data)


def codec_at_rate(codec: FrozenCodec, bpp: float, *, max_pixels: int) -> Coder:
    """A codec of variable rate at a rate; one that aims at it by itself may miss it by some percent.

    Raises:
        CodecFileError: if it has but one rate.
    """
    if codec.qualities is None:
        raise CodecFileError(
            f"a {codec.architecture.name} has one rate; leave --bpp out, or leave this codec out."
        )
    lowest, highest = codec.qualities
    aimed = codec.aimed_at(bpp)
    if aimed is not None:
        return CodecCoder(aimed, max_pixels=max_pixels)

    def at(step: int) -> Coder:
        quality = lowest + (highest - lowest) * step / (STEPS - 1)
        return CodecCoder(codec.at_quality(quality), max_pixels=max_pixels)

    return AtRate(at, STEPS, bpp)


def baseline_at_rate(baseline: Baseline, bpp: float) -> AtRate:
    """A baseline at a rate: over the whole numbers between its first and last quality, if all are whole.

    Args:
        baseline: with ``qualities`` by rising rate.
        bpp: wanted bits per pixel.
    """
    first, last = baseline.qualities[0], baseline.qualities[-1]
    whole = all(quality == int(quality) for quality in baseline.qualities)
    steps = round(abs(last - first)) + 1 if whole else STEPS

    def at(step: int) -> Coder:
        if whole:
            return BaselineCoder(baseline, first + math.copysign(step, last - first))
        return BaselineCoder(baseline, first + (last - first) * step / (steps - 1))

    return AtRate(at, steps, bpp)
