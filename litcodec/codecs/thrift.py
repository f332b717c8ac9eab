"""An encoder that rounds to what costs least in rate and distortion together."""

import copy

from litcodec.codecs.frozen import FrozenCodec
from litcodec.codecs.frozen_hybrid import FrozenHybrid
from litcodec.codecs.frozen_transforms import FrozenTransforms
from litcodec.codecs.frozen_variable_rate import FrozenVariableRate
from litcodec.codecs.hyperprior_coder import HyperpriorLatentCoder
from litcodec.errors import FreezeError


def thrifty(codec: FrozenCodec, error_bits: float) -> FrozenCodec:
    """The same codec with a thriftier encoder: same fingerprint, and streams that any decoder of it reads.

    Args:
        codec: with a Gaussian for every y.
        error_bits: how many bits a squared error of one quantisation step is worth, see
            ``thrifty_rounding.py``.

    Raises:
        FreezeError: if ``codec`` has no Gaussians, or ``error_bits`` is not above 0.
    """
    other = copy.copy(codec)
    if isinstance(other, (FrozenVariableRate, FrozenHybrid)):
        inner = thrifty(other.inner, error_bits)
        assert isinstance(inner, FrozenTransforms)
        other.inner = inner
        return other
    if isinstance(other, FrozenTransforms) and isinstance(other.latent_coder, HyperpriorLatentCoder):
        other.latent_coder = other.latent_coder.thrifty(error_bits)
        return other
    raise FreezeError(
        f"a {codec.architecture.name} has no Gaussians to weigh bits with; round to the nearest."
    )
