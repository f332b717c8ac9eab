"""Exact coders of latents: integers in fixed point <-> strings. What a decoder computes before g_s."""

from litcodec.latent_coding.aggregated_groups import AggregatedGroups, AggregatedNets
from litcodec.latent_coding.base import Coded, ConditionalCoder, LatentCoder, RefinableCoder
from litcodec.latent_coding.centres import CentresLatentCoder
from litcodec.latent_coding.channel_groups import ChannelGroupCoder
from litcodec.latent_coding.codebook import CodebookCoder, ScaledCodebookCoder
from litcodec.latent_coding.coding_order import (
    CodingOrder,
    KnownValues,
    by_position,
    checkerboard_anchors,
    coding_order_of,
)
from litcodec.latent_coding.context import ContextCoder
from litcodec.latent_coding.context_walk import ContextNets, ContextWalk
from litcodec.latent_coding.exact_scale import ExactScale
from litcodec.latent_coding.factorized import FactorizedLatentCoder
from litcodec.latent_coding.gaussian import GaussianCoder
from litcodec.latent_coding.geometry import downsampled_by, receptive_rows, upsampled_by
from litcodec.latent_coding.hyperprior import HyperpriorLatentCoder
from litcodec.latent_coding.mixture import MixtureCoder
from litcodec.latent_coding.pixel_network import PixelNetwork, PixelParts
from litcodec.latent_coding.pixel_walk import PixelWalk
from litcodec.latent_coding.pyramid import PyramidCoder
from litcodec.latent_coding.refined_groups import RefinedGroups, RefinedNets
from litcodec.latent_coding.residual_groups import ResidualGroups
from litcodec.latent_coding.selected import SelectedLatentCoder
from litcodec.latent_coding.strips import InStrips
from litcodec.latent_coding.symbols import GRID, ScaleTables
from litcodec.latent_coding.tensors import net_from, net_to, tables_from, tables_to, take
from litcodec.latent_coding.volume import VolumeCoder, VolumeNets

__all__ = [
    "GRID",
    "AggregatedGroups",
    "AggregatedNets",
    "CentresLatentCoder",
    "ChannelGroupCoder",
    "CodebookCoder",
    "Coded",
    "CodingOrder",
    "ConditionalCoder",
    "ContextCoder",
    "ContextNets",
    "ContextWalk",
    "ExactScale",
    "FactorizedLatentCoder",
    "GaussianCoder",
    "HyperpriorLatentCoder",
    "InStrips",
    "KnownValues",
    "LatentCoder",
    "MixtureCoder",
    "PixelNetwork",
    "PixelParts",
    "PixelWalk",
    "PyramidCoder",
    "RefinableCoder",
    "RefinedGroups",
    "RefinedNets",
    "ResidualGroups",
    "ScaleTables",
    "ScaledCodebookCoder",
    "SelectedLatentCoder",
    "VolumeCoder",
    "VolumeNets",
    "by_position",
    "checkerboard_anchors",
    "coding_order_of",
    "downsampled_by",
    "net_from",
    "net_to",
    "receptive_rows",
    "tables_from",
    "tables_to",
    "take",
    "upsampled_by",
]
