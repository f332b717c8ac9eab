"""Tiny codecs with a codec inside, and what tests of all codecs must know of them."""

import torch
from torch import Tensor

from litcodec.codecs import Codec, HybridCodec, MeanScaleHyperprior, VariableRate
from litcodec.entropy import Quantiser
from litcodec.frozen import FrozenCodec, FrozenHybrid, FrozenTransformCodec, FrozenVariableRate
from litcodec.transforms import GRDN

SIZES = {"C": 8, "growth": 8, "layers": 2, "blocks": 1, "groups": 2}


def tiny_hybrid(
    inner: type[Codec] = MeanScaleHyperprior,
    *,
    scale: int = 2,
    native: bool = False,
    quantiser: Quantiser | None = None,
) -> HybridCodec:
    """Untrained."""
    codec = inner(N=8, M=12, quantiser=quantiser)  # type: ignore[call-arg]
    return HybridCodec(codec, GRDN(**SIZES, scale=scale), scale=scale, native=native)


def tiny_variable_rate(
    inner: type[Codec] = MeanScaleHyperprior, *, quantiser: Quantiser | None = None
) -> VariableRate:
    """Untrained."""
    return VariableRate(inner(N=8, M=12, quantiser=quantiser))  # type: ignore[call-arg]


def inner_of(codec: Codec) -> Codec:
    """What codes: the codec itself, or the one inside of it."""
    return codec.inner if isinstance(codec, (HybridCodec, VariableRate)) else codec


def reconstruction(frozen: FrozenCodec, x: Tensor) -> Tensor:
    """What the encoder knows will be decoded, without asking its strings."""
    size, coded = (x.shape[2], x.shape[3]), frozen.encode(x)
    if isinstance(frozen, FrozenVariableRate):
        return frozen.inner.synthesise(coded.y_hat * frozen.gains_at(frozen.level).inverse, size)
    if not isinstance(frozen, FrozenHybrid):
        assert isinstance(frozen, FrozenTransformCodec)
        return frozen.synthesise(coded.y_hat, size)
    if frozen.resolution(coded.strings) == "native":
        return frozen.inner.synthesise(coded.y_hat, size)
    scale = frozen.enhancer.scale
    small = (-(-size[0] // scale), -(-size[1] // scale))
    with torch.no_grad():
        x_hat = frozen.enhancer(frozen.inner.synthesise(coded.y_hat, small, clamped=False))
    return x_hat[..., : size[0], : size[1]].clamp(0, 1)


@torch.no_grad()
def make_enhancer_lively(codec: HybridCodec, x: Tensor) -> None:
    """Make it change pixels of what the inner codec decodes by some 8 of 255, as a trained one would."""
    coded = codec.code_small(x)
    features = codec.enhancer.attention(codec.enhancer.features(coded))
    codec.enhancer.tail.weight.mul_(0.03 / codec.enhancer.tail(features).std())
