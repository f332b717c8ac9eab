"""Layers, one idea per file."""

from litcodec.layers.attention import AttentionBlock, ResidualBottleneck
from litcodec.layers.causal_pixels import (
    ABOVE,
    ERROR_INDEXES,
    INPUTS,
    LEFT,
    MED_INDEXES,
    OUTSIDE,
    PIXEL_OFFSETS,
    RIGHT,
    SLOPE,
    UNIT,
    colour_features,
    pixel_inputs,
)
from litcodec.layers.cbam import CBAM
from litcodec.layers.conv import (
    FullPrecisionConv2d,
    PointwiseConv2d,
    SubPixelDeconv2d,
    check_width,
    conv,
    convolutions_of,
    deconv,
    initialise_conv,
    layers_of,
)
from litcodec.layers.flat_names import name_flat
from litcodec.layers.gain_unit import Gains, GainUnit
from litcodec.layers.gdn import GDN, GDNForm, SimplifiedGDN, gdn_layer
from litcodec.layers.masked_conv import CausalConv2d, CheckerboardConv2d, MaskedConv2d
from litcodec.layers.normalise import ChannelNorm, InstanceNorm
from litcodec.layers.normalised_residual import Norm, NormalisedResidualBlock, NormalisedResidualBlocks
from litcodec.layers.residual_block import (
    ResidualBlock,
    ResidualBlockDownsample,
    ResidualBlockUpsample,
    sub_pixel_conv,
)
from litcodec.layers.residual_dense import GroupedResidualDenseBlock, ResidualDenseBlock
from litcodec.layers.separable_block import SeparableBlock

__all__ = [
    "ABOVE",
    "CBAM",
    "ERROR_INDEXES",
    "GDN",
    "INPUTS",
    "LEFT",
    "MED_INDEXES",
    "OUTSIDE",
    "PIXEL_OFFSETS",
    "RIGHT",
    "SLOPE",
    "UNIT",
    "AttentionBlock",
    "CausalConv2d",
    "ChannelNorm",
    "CheckerboardConv2d",
    "FullPrecisionConv2d",
    "GDNForm",
    "GainUnit",
    "Gains",
    "GroupedResidualDenseBlock",
    "InstanceNorm",
    "MaskedConv2d",
    "Norm",
    "NormalisedResidualBlock",
    "NormalisedResidualBlocks",
    "PointwiseConv2d",
    "ResidualBlock",
    "ResidualBlockDownsample",
    "ResidualBlockUpsample",
    "ResidualBottleneck",
    "ResidualDenseBlock",
    "SeparableBlock",
    "SimplifiedGDN",
    "SubPixelDeconv2d",
    "check_width",
    "colour_features",
    "conv",
    "convolutions_of",
    "deconv",
    "gdn_layer",
    "initialise_conv",
    "layers_of",
    "name_flat",
    "pixel_inputs",
    "sub_pixel_conv",
]
