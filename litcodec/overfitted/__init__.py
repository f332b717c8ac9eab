"""Overfitted codecs: small networks fitted to one image, which travel in its stream."""

from litcodec.overfitted.codec import FINGERPRINT, FrozenOverfitted, Written, best_of, run, write
from litcodec.overfitted.entropy_network import EntropyNetwork
from litcodec.overfitted.image_codec import OverfittedCodec
from litcodec.overfitted.model import Parts
from litcodec.overfitted.named import curve_of, open_codec
from litcodec.overfitted.presets import PRESETS, Preset
from litcodec.overfitted.synthesis import Synthesis
from litcodec.overfitted.trainer import Overfitter, Progress, Settings, lmbda_of
from litcodec.overfitted.upsampling import Upsampling

__all__ = [
    "FINGERPRINT",
    "PRESETS",
    "EntropyNetwork",
    "FrozenOverfitted",
    "OverfittedCodec",
    "Overfitter",
    "Parts",
    "Preset",
    "Progress",
    "Settings",
    "Synthesis",
    "Upsampling",
    "Written",
    "best_of",
    "curve_of",
    "lmbda_of",
    "open_codec",
    "run",
    "write",
]
