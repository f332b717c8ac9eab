"""A context model in fixed point: the entropy parameters of position after position.

All sums are exact (see ``entropy.fixed_point``): whether positions are taken one by one or many at once, what
is summed when, and on how many threads, no bit changes.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from litcodec.entropy import FixedPointNet
from litcodec.entropy.fixed_point import ACTIVATION_MAX
from litcodec.errors import FreezeError
from litcodec.latent_coding.coding_order import CodingOrder, KnownValues, by_position, coding_order_of
from litcodec.latent_coding.tensors import net_from, net_to


class ContextNets(NamedTuple):
    """The networks of a context model, position by position; the same frozen or not."""

    context: nn.Sequential  # one 1x1 convolution: the values at ``offsets``, one after the other -> C
    parameters: nn.Sequential  # 1x1 convolutions: hyper-parameters and context -> entropy parameters
    offsets: list[tuple[int, int]]  # (row, column) of what a position sees
    residual: bool = False  # what ``parameters`` gives is added to what h_s predicts, instead of replacing it


class ContextWalk:
    """Computes entropy parameters step by step, given what was found at the positions before.

    Args:
        context: ``ContextNets.context`` in fixed point.
        parameters: ``ContextNets.parameters`` in fixed point.
        offsets: (row, column) of what a position sees.
        residual: as in ``ContextNets``.
        order: in which positions are taken; the one that follows from ``offsets`` if not given.

    Raises:
        FreezeError: if there is no order in which the context is known, or the channels do not fit.
    """

    def __init__(
        self,
        context: FixedPointNet,
        parameters: FixedPointNet,
        offsets: list[tuple[int, int]],
        *,
        residual: bool = False,
        order: CodingOrder | None = None,
    ) -> None:
        self.context, self.parameters, self.offsets = context, parameters, offsets
        self.order, self.residual = order or coding_order_of(offsets), residual
        self.channels = context.channels // len(offsets)  # M of the latent
        known, hyper = self.order.known_offsets * self.channels, parameters.channels - len(context.bias)
        self._of_known, self._of_late = context.share(0, known), context.share(known, context.channels)
        out = len(parameters.layers[-1].bias)
        if residual and out != hyper:
            raise FreezeError(f"entropy_parameters outputs {out} channels; residual mode needs {hyper}.")
        self._of_hyper = parameters.share(0, hyper)
        self._of_seen = parameters.share(hyper, parameters.channels)

    @classmethod
    def from_float(cls, nets: ContextNets) -> "ContextWalk":
        """Make a trained context model exact."""
        context, parameters = map(FixedPointNet.from_float, (nets.context, nets.parameters))
        return cls(context, parameters, nets.offsets, residual=nets.residual)

    @classmethod
    def from_tensors(cls, nets: ContextNets, tensors: Mapping[str, Tensor]) -> "ContextWalk":
        """Read back what ``decoder_tensors`` gave."""
        context = net_from("context_prediction", nets.context, tensors)
        parameters = net_from("entropy_parameters", nets.parameters, tensors)
        return cls(context, parameters, nets.offsets, residual=nets.residual)

    def decoder_tensors(self) -> dict[str, Tensor]:
        """What a codec file has to hold of it."""
        return {
            **net_to("context_prediction", self.context),
            **net_to("entropy_parameters", self.parameters),
        }

    def __call__(self, hyper_params: Tensor, visit: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """Take all steps.

        Args:
            hyper_params: what h_s predicts, (1, C, h, w), integers in units of 2^-12.
            visit: given a step's positions (n,) and the entropy parameters there (n, C'), returns the values
                (n, M) found there, in these units too.

        Returns:
            The values (1, M, h, w), float64.
        """
        hyper, size = by_position(hyper_params), (1, self.channels, *hyper_params.shape[2:])
        known = KnownValues(size, self.offsets, dtype=torch.float64)
        everything, first = list(self.order.steps(hyper_params)), self.order.known_offsets
        batches = range(0, len(everything), self.order.batched)
        for steps in (everything[k : k + self.order.batched] for k in batches):
            # What is known before the first of these steps: one large product instead of several small ones.
            positions, counts = torch.cat(steps), [step.numel() for step in steps]
            of_hyper_params = torch.addmm(self.parameters.bias, hyper[positions].double(), self._of_hyper)
            seen_first = torch.addmm(
                self.context.bias, _bounded(known.context(positions, 0, first)), self._of_known
            )
            parts = zip(
                steps, torch.split(of_hyper_params, counts), torch.split(seen_first, counts), strict=True
            )
            for step, of_hyper, of_context in parts:
                late = _bounded(known.context(step, first))
                seen = self.context.finish(torch.addmm(of_context, late, self._of_late))
                parameters = self.parameters.finish(torch.addmm(of_hyper, seen, self._of_seen))
                if self.residual:
                    parameters += hyper[step]
                known.put(step, visit(step, parameters))
        return known.all()


def _bounded(seen: Tensor) -> Tensor:
    """What may be larger than the sums allow: all else comes out of a fixed-point network."""
    return seen.clamp_(-ACTIVATION_MAX, ACTIVATION_MAX)
