"""Phases of training: what is trained, and how fast, as a function of the step alone.

Nothing about them is stored, so a run resumes in any of them.
"""

import math
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from litcodec.errors import PhaseError

WORDS = {"inner": "the inner codec", "enhancer": "the enhancer"}


@dataclass(frozen=True)
class Phase:
    """A stretch of training.

    Args:
        train: which weights learn: "all", or those of one part, or of a list of parts. The parts of a
            ``HybridCodec`` are "inner" (trained as if there were no enhancer) and "enhancer" (behind the
            inner codec as it is); those of other codecs their transforms and entropy
            models, such as g_a and g_s.
        steps: of the optimiser.
        learning_rate: of the optimiser.
    """

    train: str | list[str]
    steps: int
    learning_rate: float

    @property
    def names(self) -> list[str]:
        """The parts that learn; ["all"] for everything."""
        return [self.train] if isinstance(self.train, str) else list(self.train)

    def __str__(self) -> str:
        return ", ".join(self.names)

    @property
    def words(self) -> str:
        """What is trained, as a person would say it."""
        if self.train == "all":
            return "everything"
        return f"{', '.join(WORDS.get(name, name) for name in self.names)} alone"


class Position(NamedTuple):
    """Where in its phases a run is."""

    number: int  # of the phase: 0, 1, ...
    phase: Phase
    done: int  # steps of this phase


def check_phases(phases: Sequence[Phase], parts: Collection[str], *, scheduled: bool) -> None:
    """Check that a codec with these parts can be trained in these phases.

    Args:
        phases: first to last.
        parts: names of the codec's.
        scheduled: whether there is a learning rate scheduler.

    Raises:
        PhaseError: if there are none, one has no length, no part of the codec or no learning rate, or a
            scheduler would set the learning rate too.
    """
    if not phases:
        raise PhaseError("model.phases is an empty list: name a phase, or leave it out to train everything.")
    for number, phase in enumerate(phases, start=1):
        known = [*parts, "all"] if len(phase.names) == 1 else list(parts)
        if not phase.names or not set(phase.names) <= set(known):
            raise PhaseError(f"phase {number} trains one of {', '.join(known)}; got {phase.train!r}.")
        if phase.steps < 1:
            raise PhaseError(f"phase {number} lasts at least 1 step; got {phase.steps}.")
        if not 0 < phase.learning_rate < math.inf:
            raise PhaseError(f"phase {number} needs a learning_rate above 0; got {phase.learning_rate}.")
    if scheduled:
        raise PhaseError("each of model.phases has its own learning rate: leave model.lr_scheduler out.")


def agreed_steps(phases: Sequence[Phase], max_steps: int) -> int:
    """How long all phases last, where ``max_steps`` is that too or left open (-1).

    Raises:
        PhaseError: if the two contradict each other.
    """
    total = sum(phase.steps for phase in phases)
    if max_steps not in (-1, total):
        raise PhaseError(
            f"model.phases last {' + '.join(str(phase.steps) for phase in phases)} = {total} steps, "
            f"trainer.max_steps is {max_steps}. Set it to -1, or change model.phases."
        )
    return total


def phase_at(phases: Sequence[Phase], step: int) -> Position:
    """The phase that the optimiser's ``step``, counted from 0, belongs to; past the end, the last one."""
    ends = list(accumulate(phase.steps for phase in phases))
    number = min(bisect_right(ends, step), len(phases) - 1)
    return Position(number, phases[number], step - ends[number] + phases[number].steps)
