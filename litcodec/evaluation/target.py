"""The rate that a user asks for, and the search for a stream with that rate."""

from typing import NamedTuple

from torch import Tensor

from litcodec.bitstream import pack
from litcodec.errors import RateError
from litcodec.frozen import FrozenCodec, to_stream


class RateTarget(NamedTuple):
    """One of these at most; none takes the codec as it is."""

    quality: float | None = None  # 1 to 100
    bpp: float | None = None  # of the complete file, at most
    max_bytes: int | None = None


NO_TARGET = RateTarget()


def check_target(codec: FrozenCodec, target: RateTarget) -> None:
    """Check that ``codec`` has rates to choose from, if one is asked for.

    Raises:
        RateError: if it has but one.
        ShapeError: if there is no such quality.
    """
    if target == NO_TARGET:
        return
    if codec.qualities is None:
        raise RateError(
            f"-q, --bpp and --max-bytes need a VariableRate codec; this one is a {codec.architecture.name}, "
            "which has one rate. Leave them out, or give another codec."
        )
    if target.quality is not None:
        codec.at_quality(target.quality)


def stream_for(codec: FrozenCodec, x: Tensor, target: RateTarget) -> bytes:
    """The complete stream of one image.

    Args:
        codec: with what.
        x: (1, 3, H, W) in [0, 1].
        target: passed ``check_target``.

    Raises:
        RateError: if even the lowest rate takes more bytes than are allowed.
    """
    if target.max_bytes is not None:
        return pack(codec.largest_within(x, target.max_bytes), codec.fingerprint)
    if target.bpp is not None:
        # A thousandth of a byte more than asked for is a rounding error of the product.
        allowed = int(target.bpp * x.shape[2] * x.shape[3] / 8 + 1e-3)
        return pack(codec.largest_within(x, allowed), codec.fingerprint)
    return to_stream(codec if target.quality is None else codec.at_quality(target.quality), x)
