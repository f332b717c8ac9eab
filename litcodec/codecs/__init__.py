"""Complete codecs: transforms + latent model. ``codec(x)`` trains; ``codec.freeze()`` compresses."""

from litcodec.codecs.base import Codec, TransformCodec
from litcodec.codecs.checkerboard import Checkerboard
from litcodec.codecs.cheng2020 import Cheng2020
from litcodec.codecs.elic import Elic
from litcodec.codecs.factorized_prior import FactorizedPrior
from litcodec.codecs.generative import GenerativeCompression
from litcodec.codecs.hific import HiFiC
from litcodec.codecs.hybrid import HybridCodec
from litcodec.codecs.importance_map import ImportanceMapCodec
from litcodec.codecs.joint_autoregressive import JointAutoregressive
from litcodec.codecs.l3c import L3C
from litcodec.codecs.lapped_cosine import LappedCosine
from litcodec.codecs.learned_cosine import LearnedCosine
from litcodec.codecs.mean_scale_hyperprior import MeanScaleHyperprior
from litcodec.codecs.minnen2020 import Minnen2020
from litcodec.codecs.mixture_autoregressive import MixtureAutoregressive
from litcodec.codecs.patch_generator import PatchGenerator
from litcodec.codecs.pixel_autoregressive import PixelAutoregressive
from litcodec.codecs.scale_hyperprior import ScaleHyperprior
from litcodec.codecs.selective import SelectiveGeneration
from litcodec.codecs.variable_rate import VariableRate

__all__ = [
    "L3C",
    "Checkerboard",
    "Cheng2020",
    "Codec",
    "Elic",
    "FactorizedPrior",
    "GenerativeCompression",
    "HiFiC",
    "HybridCodec",
    "ImportanceMapCodec",
    "JointAutoregressive",
    "LappedCosine",
    "LearnedCosine",
    "MeanScaleHyperprior",
    "Minnen2020",
    "MixtureAutoregressive",
    "PatchGenerator",
    "PixelAutoregressive",
    "ScaleHyperprior",
    "SelectiveGeneration",
    "TransformCodec",
    "VariableRate",
]
