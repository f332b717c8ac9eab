"""What an image file says about its colours."""

from typing import NamedTuple


class Cicp(NamedTuple):
    """Code points of ITU-T H.273."""

    primaries: int
    transfer: int
    full_range: bool


class ColourTags(NamedTuple):
    """What a file says about its colours; the first of those that are there counts."""

    cicp: Cicp | None = None
    icc: bytes | None = None
    gamma: float | None = None  # exponent that encodes, 0.45455 for the usual 2.2
    chromaticities: tuple[float, ...] | None = None  # x, y of white, red, green, blue
    bits: int = 8  # per sample
