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
from litcodec.layers.causal_volume import STRICTLY_BEFORE, UP_TO_NOW, VOLUME_SLOPES, CausalConv3d
from litcodec.layers.cbam import CBAM
from litcodec.layers.channel_scale import scale_inputs, scale_outputs
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
from litcodec.layers.importance_mask import ImportanceMask, importance
from litcodec.layers.linear_pixels import (
    FIT_FROM,
    LINEAR_BITS,
    LINEAR_ERRORS_AT,
    LINEAR_INPUTS,
    LINEAR_MAX,
    LINEAR_WEIGHTS,
    PREDICTION_UNIT,
    LinearPrediction,
    fit_prediction,
    linear_inputs,
    usual_prediction,
)
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
    "FIT_FROM",
    "GDN",
    "INPUTS",
    "LEFT",
    "LINEAR_BITS",
    "LINEAR_ERRORS_AT",
    "LINEAR_INPUTS",
    "LINEAR_MAX",
    "LINEAR_WEIGHTS",
    "MED_INDEXES",
    "OUTSIDE",
    "PIXEL_OFFSETS",
    "PREDICTION_UNIT",
    "RIGHT",
    "SLOPE",
    "STRICTLY_BEFORE",
    "UNIT",
    "UP_TO_NOW",
    "VOLUME_SLOPES",
    "AttentionBlock",
    "CausalConv2d",
    "CausalConv3d",
    "ChannelNorm",
    "CheckerboardConv2d",
    "FullPrecisionConv2d",
    "GDNForm",
    "GainUnit",
    "Gains",
    "GroupedResidualDenseBlock",
    "ImportanceMask",
    "InstanceNorm",
    "LinearPrediction",
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
    "fit_prediction",
    "gdn_layer",
    "importance",
    "initialise_conv",
    "layers_of",
    "linear_inputs",
    "name_flat",
    "pixel_inputs",
    "scale_inputs",
    "scale_outputs",
    "sub_pixel_conv",
    "usual_prediction",
]
