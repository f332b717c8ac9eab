"""Layers, one idea per file."""

from litcodec.layers.conv import FullPrecisionConv2d, conv, deconv
from litcodec.layers.gdn import GDN, SimplifiedGDN
from litcodec.layers.masked_conv import CausalConv2d

__all__ = ["GDN", "CausalConv2d", "FullPrecisionConv2d", "SimplifiedGDN", "conv", "deconv"]
