"""The highest rate of a codec whose file is small enough: analysed once, coded again at every try."""

from typing import NamedTuple

from torch import Tensor

from litcodec.bitstream import pack
from litcodec.codecs.frozen_variable_rate import FrozenVariableRate
from litcodec.codecs.padding import check_image
from litcodec.codecs.rates import LEVELS
from litcodec.errors import RateError
from litcodec.types import Compressed


class Found(NamedTuple):
    """A rate that was looked for."""

    stream: bytes  # the complete .litc stream
    level: int


def largest_within(codec: FrozenVariableRate, x: Tensor, max_bytes: int) -> Found:
    """The highest level whose complete stream has no more than ``max_bytes``, found by bisection.

    Bytes nearly always rise with the level, but need not: what is found is within the limit, and the level
    above it was tried and is not; a level higher still might fit by chance.

    Args:
        codec: at whatever level.
        x: (1, 3, H, W) in [0, 1].
        max_bytes: the limit, header included.

    Raises:
        RateError: if even the lowest level needs more; it says how many bytes.
    """
    size, y = check_image(x), codec.analyse(x)
    found, last = None, b""
    fits, fails = -1, LEVELS
    while fails - fits > 1:
        level = (fits + fails) // 2
        last = pack(Compressed(codec.encode_latents(y, level).strings, size), codec.fingerprint)
        if len(last) <= max_bytes:
            found, fits = Found(last, level), level
        else:
            fails = level
    if found is None:  # the last try was the lowest level
        raise RateError(
            f"the lowest rate of this codec takes {len(last):,} bytes for {size[1]}x{size[0]} pixels, "
            f"{max_bytes:,} are allowed. Allow more, or make the picture smaller."
        )
    return found
