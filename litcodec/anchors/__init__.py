"""Classic codecs as yardsticks, run for real, and curves that others published."""

from litcodec.anchors.base import Anchor, Anchors
from litcodec.anchors.opening import ANCHOR_KEYS, open_anchors
from litcodec.anchors.published import PublishedCurve, PublishedPoint, published_curves, published_named

__all__ = [
    "ANCHOR_KEYS",
    "Anchor",
    "Anchors",
    "PublishedCurve",
    "PublishedPoint",
    "open_anchors",
    "published_curves",
    "published_named",
]
