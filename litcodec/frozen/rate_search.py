"""Finds the highest rate of a codec whose file is small enough."""

from collections.abc import Callable

from litcodec.bitstream import pack
from litcodec.errors import RateError
from litcodec.frozen.rates import LEVELS
from litcodec.types import Compressed


def largest_level(at_level: Callable[[int], Compressed], fingerprint: bytes, max_bytes: int) -> Compressed:
    """An image at the highest level whose complete stream has at most ``max_bytes``, found by bisection.

    Bytes nearly always rise with the level, but need not: what is found is within the limit, and the level
    above it was tried and is not; a level higher still might fit by chance.

    Args:
        at_level: codes the image at a level, 0..255.
        fingerprint: of the codec.
        max_bytes: the limit, header included.

    Raises:
        RateError: if even the lowest level needs more; it says how many bytes.
    """
    found: Compressed | None = None
    fits, fails = -1, LEVELS
    while fails - fits > 1:
        level = (fits + fails) // 2
        compressed = at_level(level)
        length = len(pack(compressed, fingerprint))
        if length <= max_bytes:
            found, fits = compressed, level
        else:
            fails = level
    if found is None:  # the last try was the lowest level
        H, W = compressed.size
        raise RateError(
            f"the lowest rate of this codec takes {length:,} bytes for {W}x{H} pixels, "
            f"{max_bytes:,} are allowed. Allow more, or make the image smaller."
        )
    return found
