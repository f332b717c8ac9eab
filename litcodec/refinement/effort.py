"""How much time an encoder spends on an image: levels 0 to 9."""

from collections.abc import Callable

from litcodec.codec_files import build_codec, unfreeze
from litcodec.errors import FreezeError, OptionError
from litcodec.frozen import FrozenCodec
from litcodec.frozen.rd_cost import objective_of
from litcodec.limits import EFFORT_MAX
from litcodec.refinement.refiner import LatentRefiner

EFFORTS = (0, 50, 60, 75, 100, 125, 150, 200, 250, 300)  # iterations
assert len(EFFORTS) == EFFORT_MAX + 1


def with_effort(
    codec: FrozenCodec,
    effort: int,
    progress: Callable[[float], None] = lambda done: None,
    roots: tuple[str, ...] | None = None,
) -> FrozenCodec:
    """The same codec, whose encoder refines y by ``EFFORTS[effort]`` steps of gradient descent.

    Any decoder of it reads its streams. A stream is never worse in ``R + lmbda * D``, measured in real bytes,
    than without effort. Images that are too small for the codec's objective are coded as without.

    Args:
        codec: with a hyperprior, and Gaussians for y.
        effort: 0 to 9; 0 gives ``codec`` itself.
        progress: called with the part of an image that is done, 0 to 1.
        roots: as ``build_codec`` takes them.

    Raises:
        OptionError: if there is no such effort.
        FreezeError: if the codec has no latents that can be refined, lacks its encoder, or does not know what
            it was trained to minimise.
    """
    if effort not in range(len(EFFORTS)):
        raise OptionError(f"an effort is a whole number of 0 to {EFFORT_MAX}; got {effort}.")
    if effort == 0:
        return codec
    twin = build_codec(codec.architecture._asdict(), roots)
    try:
        refining = codec.with_refiner(LatentRefiner(twin, EFFORTS[effort], progress))
    except FreezeError as error:
        raise FreezeError(f"{error} Leave --effort out, or give another codec.") from error
    if codec.training.lmbda is None or objective_of(codec.training) is None:
        raise FreezeError(
            f"effort refines what is coded for R + lmbda * D, and the file of this {codec.architecture.name} "
            "lacks lmbda or the distortion. Leave --effort out."
        )
    unfreeze(twin, codec, tables=False)
    twin.to(codec.device)
    return refining
