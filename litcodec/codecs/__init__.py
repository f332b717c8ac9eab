"""Complete codecs: transforms + entropy model. ``codec(x)`` trains; ``codec.freeze()`` compresses."""

from litcodec.codecs.base import Codec, CodedLatents, Latents, Transforms
from litcodec.codecs.checkerboard import Checkerboard
from litcodec.codecs.checkpoint import TrainedCodec, load_torch_file, read_training_checkpoint
from litcodec.codecs.factorized_prior import FactorizedPrior
from litcodec.codecs.file import build_codec, codec_bytes, load_codec, save_codec
from litcodec.codecs.frozen import Coded, FrozenCodec, Notes, Resolution
from litcodec.codecs.frozen_hybrid import FrozenHybrid, Stages
from litcodec.codecs.frozen_transforms import FrozenTransforms
from litcodec.codecs.frozen_variable_rate import FrozenVariableRate
from litcodec.codecs.half_precision import round_to_half_precision
from litcodec.codecs.hybrid import HybridCodec
from litcodec.codecs.joint_autoregressive import JointAutoregressive
from litcodec.codecs.learned_cosine import LearnedCosine
from litcodec.codecs.mean_scale_hyperprior import MeanScaleHyperprior
from litcodec.codecs.mixture_autoregressive import MixtureAutoregressive
from litcodec.codecs.rate_search import Found, largest_within
from litcodec.codecs.rates import level_of, quality_of
from litcodec.codecs.scale_hyperprior import ScaleHyperprior
from litcodec.codecs.streams import from_stream, through_bytes, to_stream
from litcodec.codecs.thaw import thaw
from litcodec.codecs.thrift import thrifty
from litcodec.codecs.variable_rate import VariableRate

__all__ = [
    "Checkerboard",
    "Codec",
    "Coded",
    "CodedLatents",
    "FactorizedPrior",
    "Found",
    "FrozenCodec",
    "FrozenHybrid",
    "FrozenTransforms",
    "FrozenVariableRate",
    "HybridCodec",
    "JointAutoregressive",
    "Latents",
    "LearnedCosine",
    "MeanScaleHyperprior",
    "MixtureAutoregressive",
    "Notes",
    "Resolution",
    "ScaleHyperprior",
    "Stages",
    "TrainedCodec",
    "Transforms",
    "VariableRate",
    "build_codec",
    "codec_bytes",
    "from_stream",
    "largest_within",
    "level_of",
    "load_codec",
    "load_torch_file",
    "quality_of",
    "read_training_checkpoint",
    "round_to_half_precision",
    "save_codec",
    "thaw",
    "thrifty",
    "through_bytes",
    "to_stream",
]
