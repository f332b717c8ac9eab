"""Complete codecs: transforms + entropy model. ``codec(x)`` trains; ``codec.freeze()`` compresses."""

from litcodec.codecs.base import Codec, Latents
from litcodec.codecs.factorized_prior import FactorizedPrior
from litcodec.codecs.file import build_codec, codec_bytes, load_codec, save_codec
from litcodec.codecs.frozen import Coded, FrozenCodec, Notes
from litcodec.codecs.joint_autoregressive import JointAutoregressive
from litcodec.codecs.mean_scale_hyperprior import MeanScaleHyperprior
from litcodec.codecs.scale_hyperprior import ScaleHyperprior
from litcodec.codecs.streams import from_stream, through_bytes, to_stream

__all__ = [
    "Codec",
    "Coded",
    "FactorizedPrior",
    "FrozenCodec",
    "JointAutoregressive",
    "Latents",
    "MeanScaleHyperprior",
    "Notes",
    "ScaleHyperprior",
    "build_codec",
    "codec_bytes",
    "from_stream",
    "load_codec",
    "save_codec",
    "through_bytes",
    "to_stream",
]
