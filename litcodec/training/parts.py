"""The named parts of a codec: which learn in a phase, and which are frozen."""

from collections.abc import Sequence
from inspect import signature

from torch import Tensor, nn

from litcodec.codecs import Codec
from litcodec.errors import PhaseError
from litcodec.training.held_still import held_still, zero_of
from litcodec.training.phases import Phase
from litcodec.types import CodecOutput


def parts_of(codec: Codec) -> dict[str, nn.Module]:
    """Name -> part, of what a codec is made of, where it has weights."""
    named = codec.parts
    return {name: part for name, part in named.items() if any(True for _ in part.parameters())}


def resting_parts(codec: Codec, phase: Phase | None) -> list[nn.Module]:
    """The parts that do not learn in this phase.

    Raises:
        PhaseError: if the phase trains a part that there is not.
    """
    if phase is None or phase.train == "all":
        return []
    parts, trained = parts_of(codec), phase.names
    for name in trained:
        if name not in parts:
            raise PhaseError(f"{type(codec).__name__} has no part {name!r}; it has {', '.join(parts)}.")
    return [part for name, part in parts.items() if name not in trained]


def coded_in_phase(codec: Codec, inputs: Sequence[Tensor], phase: Phase | None) -> CodecOutput:
    """What a codec makes of its ``inputs`` in this phase, if there are any.

    A codec whose forward takes ``part`` decides what the others do meanwhile (a hybrid does without its
    enhancer while the inner codec is trained); else the resting parts work as ever, without gradients.
    """
    if phase is None or phase.train == "all":
        output: CodecOutput = codec(*inputs)
        return output
    if "part" in signature(codec.forward).parameters:
        (name,) = phase.names
        output = codec(*inputs, part=name)
        return output
    with held_still(resting_parts(codec, phase)):
        output = codec(*inputs)
        return output


def zero_of_resting(codec: Codec, phase: Phase | None) -> Tensor | float:
    """A 0, to be added to the loss, that is a function of every weight that rests.

    DDP waits for a gradient of each weight there is.
    """
    return zero_of(*resting_parts(codec, phase))
