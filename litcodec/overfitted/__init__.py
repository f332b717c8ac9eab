"""Overfitted codecs: small networks fitted to one image, which travel in its stream."""

from litcodec.overfitted.codec import FINGERPRINT, FrozenOverfitted, Written, run, write
from litcodec.overfitted.presets import PRESETS, Preset
from litcodec.overfitted.trainer import Overfitter, Progress, Settings, lmbda_of

__all__ = [
    "FINGERPRINT",
    "PRESETS",
    "FrozenOverfitted",
    "Overfitter",
    "Preset",
    "Progress",
    "Settings",
    "Written",
    "lmbda_of",
    "run",
    "write",
]
