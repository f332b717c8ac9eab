"""Bounded code for the symbols that their table row does not hold.

What is coded is how far a symbol lies beyond its row, its overshoot v: >= 1 past the last symbol, <= -1
before the first. With k the number of bits of abs(v), at most 16, that is an Elias-gamma code: first all the
heads, ``2 * (k - 1) + (v < 0)``, 5 bits each; then, for k = 2, 3, ... 16, all the k - 1 bits below the
leading one. All are uniformly distributed.
"""

import constriction
import numpy as np
import numpy.typing as npt

from litcodec.coding.tables import Ints

_Uniform = constriction.stream.model.Uniform
_BITS_MAX = 16  # abs(v) < 2^16, because rows and symbols lie within +-32767
HEAD_BITS = 5  # of each head


def overshoot_bits(overshoots: Ints) -> npt.NDArray[np.float32]:
    """What each overshoot (m,) costs beside its ESCAPE, in bits."""
    bits: Ints = np.frexp(np.abs(overshoots).astype(np.float32))[1]
    return np.float32(HEAD_BITS - 1) + bits.astype(np.float32)


def encode_overshoots(encoder: constriction.stream.queue.RangeEncoder, overshoots: Ints) -> None:
    """Append ``overshoots`` (m,), each in 1..65534 or -65534..-1, to what ``encoder`` holds."""
    if overshoots.size == 0:
        return
    v = np.abs(overshoots)
    bits = np.frexp(v.astype(np.float64))[1]  # a float's exponent: exact
    encoder.encode((2 * (bits - 1) + (overshoots < 0)).astype(np.int32), _Uniform(2 * _BITS_MAX))
    for k in range(2, _BITS_MAX + 1):
        same = v[bits == k]
        if same.size:
            encoder.encode(same - (1 << (k - 1)), _Uniform(1 << (k - 1)))


def decode_overshoots(decoder: constriction.stream.queue.RangeDecoder, count: int) -> Ints:
    """Read back ``count`` overshoots. Damaged data can give any values in 1..65535 or -65535..-1.

    Raises:
        AssertionError: constriction's, if no encoder can have made the data.
    """
    if count == 0:
        return np.zeros(0, np.int32)
    heads = decoder.decode(_Uniform(2 * _BITS_MAX), count)
    bits = heads // 2 + 1
    v = np.ones(count, np.int32)
    for k in range(2, _BITS_MAX + 1):
        same = bits == k
        if same.any():
            v[same] = (1 << (k - 1)) + decoder.decode(_Uniform(1 << (k - 1)), int(same.sum()))
    return np.where(heads % 2, -v, v)
