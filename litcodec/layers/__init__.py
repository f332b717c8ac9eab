"""Layers, one idea per file."""

from litcodec.layers.conv import FullPrecisionConv2d, conv, deconv
from litcodec.layers.gdn import GDN, SimplifiedGDN

__all__ = ["GDN", "FullPrecisionConv2d", "SimplifiedGDN", "conv", "deconv"]
