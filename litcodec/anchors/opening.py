"""Yardsticks by their keys."""

from collections.abc import Callable, Sequence
from functools import partial

from litcodec.anchors.avif import Avif
from litcodec.anchors.base import Anchor, Anchors
from litcodec.anchors.hevc import Hevc
from litcodec.anchors.jpeg import Jpeg
from litcodec.anchors.jpeg2000 import Jpeg2000
from litcodec.anchors.jxl import JpegXl
from litcodec.anchors.vvc import Vvc
from litcodec.anchors.webp import WebP
from litcodec.errors import AnchorMissing, ShapeError

_ANCHORS: tuple[tuple[str, Callable[[], Anchor]], ...] = (
    ("jpeg", Jpeg),
    ("jpeg444", partial(Jpeg, subsampling="4:4:4")),
    ("jpeg2000", Jpeg2000),
    ("webp", WebP),
    ("avif", Avif),
    ("hevc", Hevc),
    ("jxl", JpegXl),
    ("vvc", Vvc),
)
ANCHOR_KEYS = tuple(key for key, _ in _ANCHORS)


def open_anchors(keys: Sequence[str]) -> Anchors:
    """Yardsticks, ready to run.

    Args:
        keys: of ``ANCHOR_KEYS``; one given twice is opened once.

    Returns:
        Those that are installed, in the order of ``keys``, and a line for each that is not.

    Raises:
        ShapeError: if a key is unknown.
    """
    makers = dict(_ANCHORS)
    unknown = [key for key in keys if key not in makers]
    if unknown:
        raise ShapeError(f"there is no yardstick {unknown[0]!r}; there are {', '.join(ANCHOR_KEYS)}.")
    found: list[Anchor] = []
    missing: list[str] = []
    for key in dict.fromkeys(keys):
        try:
            found.append(makers[key]())
        except AnchorMissing as error:
            missing.append(f"{key}: {error}")
    return Anchors(tuple(found), tuple(missing))
