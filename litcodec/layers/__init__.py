"""Layers, one idea per file."""

from litcodec.layers.cbam import CBAM
from litcodec.layers.conv import (
    FullPrecisionConv2d,
    PointwiseConv2d,
    SubPixelDeconv2d,
    check_width,
    conv,
    deconv,
)
from litcodec.layers.flat_names import name_flat
from litcodec.layers.gain_unit import Gains, GainUnit
from litcodec.layers.gdn import GDN, GDNForm, SimplifiedGDN, gdn_layer
from litcodec.layers.masked_conv import CausalConv2d, CheckerboardConv2d, MaskedConv2d
from litcodec.layers.residual_dense import GroupedResidualDenseBlock, ResidualDenseBlock
from litcodec.layers.separable_block import SeparableBlock

__all__ = [
    "CBAM",
    "GDN",
    "CausalConv2d",
    "CheckerboardConv2d",
    "FullPrecisionConv2d",
    "GDNForm",
    "GainUnit",
    "Gains",
    "GroupedResidualDenseBlock",
    "MaskedConv2d",
    "PointwiseConv2d",
    "ResidualDenseBlock",
    "SeparableBlock",
    "SimplifiedGDN",
    "SubPixelDeconv2d",
    "check_width",
    "conv",
    "deconv",
    "gdn_layer",
    "name_flat",
]
