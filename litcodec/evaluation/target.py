"""Which rate a user asks a codec for, and the stream that has it."""

from typing import NamedTuple

from torch import Tensor

from litcodec.codecs import FrozenCodec, FrozenVariableRate, largest_within, level_of, to_stream
from litcodec.errors import RateError


class RateTarget(NamedTuple):
    """One of these at most; none takes the codec as it is."""

    quality: float | None = None  # 1 to 100
    bpp: float | None = None  # of the complete file, at most
    max_bytes: int | None = None


NO_TARGET = RateTarget()


def check_target(codec: FrozenCodec, target: RateTarget) -> None:
    """See that ``codec`` has rates to choose from, if one is asked for.

    Raises:
        RateError: if it has but one.
        ShapeError: if there is no such quality.
    """
    if target == NO_TARGET:
        return
    if not isinstance(codec, FrozenVariableRate):
        raise RateError(
            f"-q, --bpp and --max-bytes need a VariableRate codec; this one is a {codec.architecture.name}, "
            "which has one rate. Leave them out, or give another codec."
        )
    if target.quality is not None:
        level_of(target.quality)


def stream_for(codec: FrozenCodec, x: Tensor, target: RateTarget) -> tuple[bytes, int | None]:
    """The complete stream of one image, and its level if the codec has several.

    Args:
        codec: with what.
        x: (1, 3, H, W) in [0, 1].
        target: passed ``check_target``.

    Raises:
        RateError: if even the lowest rate takes more bytes than are allowed.
    """
    if not isinstance(codec, FrozenVariableRate):
        return to_stream(codec, x), None
    if target.max_bytes is not None:
        return largest_within(codec, x, target.max_bytes)
    if target.bpp is not None:
        # A thousandth of a byte more than asked for is a rounding error of the product.
        return largest_within(codec, x, int(target.bpp * x.shape[2] * x.shape[3] / 8 + 1e-3))
    at = codec if target.quality is None else codec.at(level_of(target.quality))
    return to_stream(at, x), at.level
