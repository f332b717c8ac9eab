"""Baseline codecs (JPEG, AVIF, VVC …), run on real files, and published rate-distortion curves."""

from litcodec.baselines.base import Baseline, Baselines
from litcodec.baselines.kodak import KODAK, is_kodak
from litcodec.baselines.lossless import LOSSLESS_KEYS
from litcodec.baselines.opening import BASELINE_KEYS, baseline_keys, open_baselines
from litcodec.baselines.published import PublishedCurve, PublishedPoint, published_curves, published_named

__all__ = [
    "BASELINE_KEYS",
    "KODAK",
    "LOSSLESS_KEYS",
    "Baseline",
    "Baselines",
    "PublishedCurve",
    "PublishedPoint",
    "baseline_keys",
    "is_kodak",
    "open_baselines",
    "published_curves",
    "published_named",
]
