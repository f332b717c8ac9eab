"""Overfitted codecs: small networks fitted to one picture, which travel in its stream."""

from litcodec.overfit.codec import FINGERPRINT, FrozenOverfitted, Written, write
from litcodec.overfit.presets import PRESETS, Preset
from litcodec.overfit.trainer import Overfitter, Progress, Settings

__all__ = [
    "FINGERPRINT",
    "PRESETS",
    "FrozenOverfitted",
    "Overfitter",
    "Preset",
    "Progress",
    "Settings",
    "Written",
    "write",
]
