"""Classic codecs as yardsticks, run for real, and curves that others published."""

from litcodec.anchors.base import Anchor, Anchors
from litcodec.anchors.kodak import KODAK, is_kodak
from litcodec.anchors.opening import ANCHOR_KEYS, open_anchors
from litcodec.anchors.published import PublishedCurve, PublishedPoint, published_curves, published_named

__all__ = [
    "ANCHOR_KEYS",
    "KODAK",
    "Anchor",
    "Anchors",
    "PublishedCurve",
    "PublishedPoint",
    "is_kodak",
    "open_anchors",
    "published_curves",
    "published_named",
]
