"""Frozen codecs: they compress and decompress. Made by ``codec.freeze()`` or ``load_codec``."""

from litcodec.frozen.base import FrozenCodec, Resolution, Stages
from litcodec.frozen.hybrid import FrozenHybrid
from litcodec.frozen.l3c import FrozenL3C
from litcodec.frozen.pixel_autoregressive import FrozenPixelAutoregressive
from litcodec.frozen.rates import RateRange
from litcodec.frozen.refiner import Refiner
from litcodec.frozen.selective import FrozenSelective
from litcodec.frozen.streams import from_stream, through_bytes, to_stream
from litcodec.frozen.training_info import TrainingInfo
from litcodec.frozen.transform_codec import FrozenTransformCodec
from litcodec.frozen.variable_rate import FrozenVariableRate

__all__ = [
    "FrozenCodec",
    "FrozenHybrid",
    "FrozenL3C",
    "FrozenPixelAutoregressive",
    "FrozenSelective",
    "FrozenTransformCodec",
    "FrozenVariableRate",
    "RateRange",
    "Refiner",
    "Resolution",
    "Stages",
    "TrainingInfo",
    "from_stream",
    "through_bytes",
    "to_stream",
]
