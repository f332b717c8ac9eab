"""Trains for a given rate instead of a given weight of the rate.

Mentzer, Toderici, Tschannen, Agustsson, "High-fidelity generative image compression", NeurIPS 2020.
https://arxiv.org/abs/2006.09965
"""

import math
from dataclasses import dataclass

from litcodec.errors import OptionError


@dataclass(frozen=True)
class RateTarget:
    """The weight of the rate in the loss: large above a target, small below it.

    Args:
        bpp: the target, bits per pixel of latents that are rounded, not noisy.
        above: weight of the rate while a batch needs more than the target.
        below: weight while it needs less.
        warmup_steps: at first the target is the easier ``warmup_factor * bpp``, and the weights are halved.
        warmup_factor: see above; 10/7 is the paper's 0.20 of 0.14.

    Raises:
        OptionError: if a value is out of range.
    """

    bpp: float
    above: float = 2.0
    below: float = 2**-4
    warmup_steps: int = 0
    warmup_factor: float = 10 / 7

    def __post_init__(self) -> None:
        for name in ("bpp", "above", "below", "warmup_factor"):
            value = getattr(self, name)
            if not 0 < value < math.inf:
                raise OptionError(f"model.rate_target.{name} is a finite number above 0; got {value}.")
        if self.above < self.below:
            raise OptionError(
                "model.rate_target weighs the rate no less above the target than below; got "
                f"above={self.above}, below={self.below}."
            )
        if self.warmup_steps < 0:
            raise OptionError(f"model.rate_target.warmup_steps is 0 or more; got {self.warmup_steps}.")

    def target(self, step: int) -> float:
        """Bits per pixel to be reached at a step, counted from 0."""
        return self.bpp * (self.warmup_factor if step < self.warmup_steps else 1.0)

    def weight(self, bpp: float, step: int) -> float:
        """Weight of the rate for a batch that needs ``bpp`` bits per pixel."""
        weight = self.above if bpp > self.target(step) else self.below
        return weight * (0.5 if step < self.warmup_steps else 1.0)
