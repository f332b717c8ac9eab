"""The walk through a latent that a context model takes, in fixed point.

All sums are exact (see ``entropy.fixed_point``): whether places are taken one by one or many at once, what is
summed when, and on how many threads, no bit changes.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from litcodec.codecs.frozen_tensors import net_from, net_to
from litcodec.codecs.wavefront import WAVEFRONT, KnownValues, Order, by_place
from litcodec.entropy import FixedPointNet
from litcodec.entropy.fixed_point import ACTIVATION_MAX
from litcodec.errors import FreezeError


class ContextNets(NamedTuple):
    """What of a context model is the same frozen or not."""

    context: nn.Sequential  # one 1x1 convolution: the values at ``offsets``, one after the other -> 2M
    parameters: nn.Sequential  # 1x1 convolutions: hyper and context -> what tells a place's probabilities
    offsets: list[tuple[int, int]]  # (row, column) of what a place sees
    corrects: bool = False  # what ``parameters`` gives is added to what h_s tells, instead of replacing it


class ContextWalk:
    """Tells the entropy parameters of place after place, given what was found at the places before.

    Args:
        context: ``ContextNets.context`` in fixed point.
        parameters: ``ContextNets.parameters`` in fixed point.
        offsets: (row, column) of what a place sees.
        order: in which order places are taken.
        corrects: as in ``ContextNets``.

    Raises:
        FreezeError: if parameters are to be added to another number of them.
    """

    def __init__(
        self,
        context: FixedPointNet,
        parameters: FixedPointNet,
        offsets: list[tuple[int, int]],
        *,
        order: Order = WAVEFRONT,
        corrects: bool = False,
    ) -> None:
        self.context, self.parameters, self.offsets, self.order = context, parameters, offsets, order
        self.corrects = corrects
        self._channels = context.channels // len(offsets)
        early, told = order.early * self._channels, parameters.channels - len(context.bias)
        self._of_early, self._of_late = context.share(0, early), context.share(early, context.channels)
        if corrects and len(parameters.layers[-1].bias) != told:
            raise FreezeError(f"{len(parameters.layers[-1].bias)} corrections of {told} parameters.")
        self._of_told = parameters.share(0, told)
        self._of_seen = parameters.share(told, parameters.channels)

    @classmethod
    def from_float(cls, nets: ContextNets, *, order: Order = WAVEFRONT) -> "ContextWalk":
        """Make a trained context model exact."""
        context, parameters = map(FixedPointNet.from_float, (nets.context, nets.parameters))
        return cls(context, parameters, nets.offsets, order=order, corrects=nets.corrects)

    @classmethod
    def from_tensors(
        cls, nets: ContextNets, tensors: Mapping[str, Tensor], *, order: Order = WAVEFRONT
    ) -> "ContextWalk":
        """Read back what ``tensors`` gave."""
        context = net_from("context_prediction", nets.context, tensors)
        parameters = net_from("entropy_parameters", nets.parameters, tensors)
        return cls(context, parameters, nets.offsets, order=order, corrects=nets.corrects)

    def tensors(self) -> dict[str, Tensor]:
        """What a codec file has to hold of it."""
        return {
            **net_to("context_prediction", self.context),
            **net_to("entropy_parameters", self.parameters),
        }

    def __call__(self, hyper: Tensor, visit: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """Take all steps.

        Args:
            hyper: what h_s tells, (1, C, h, w), integers in units of 2^-12.
            visit: given a step's places (n,) and the entropy parameters there (n, C'), tells the values
                (n, M) found there, in these units too.

        Returns:
            The values (1, M, h, w), float64.
        """
        told, size = by_place(hyper), (1, self._channels, *hyper.shape[2:])
        known = KnownValues(size, self.offsets, dtype=torch.float64)
        everything, (_, together, early) = list(self.order.steps(hyper)), self.order
        for steps in (everything[k : k + together] for k in range(0, len(everything), together)):
            # What is known before the first of these steps: one large product instead of several small ones.
            places, counts = torch.cat(steps), [step.numel() for step in steps]
            ahead = torch.addmm(self.parameters.bias, told[places], self._of_told)
            seen_early = torch.addmm(
                self.context.bias, _bounded(known.context(places, 0, early)), self._of_early
            )
            parts = zip(steps, torch.split(ahead, counts), torch.split(seen_early, counts), strict=True)
            for step, of_hyper, of_context in parts:
                late = _bounded(known.context(step, early))
                seen = self.context.finish(torch.addmm(of_context, late, self._of_late))
                parameters = self.parameters.finish(torch.addmm(of_hyper, seen, self._of_seen))
                if self.corrects:
                    parameters += told[step]
                known.put(step, visit(step, parameters))
        return known.all()


def _bounded(seen: Tensor) -> Tensor:
    """What may be larger than the sums allow: all else comes out of a fixed-point network."""
    return seen.clamp_(-ACTIVATION_MAX, ACTIVATION_MAX)
