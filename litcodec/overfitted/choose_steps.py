"""Quantises trained networks: each group of weights with the step size of the lowest R + lmbda * D."""

from collections.abc import Callable

import torch
from torch import Tensor

from litcodec.coding.laplace import LARGEST_SYMBOL
from litcodec.overfitted.entropy_network import features_of, surround
from litcodec.overfitted.model import Networks
from litcodec.overfitted.weights import Group, fill, groups_of, quantise

SHIFTS = range(3, 15)  # steps from 2^-3 to 2^-14
RATE_GROUPS = 2  # the first groups decide bits, the others the image


@torch.no_grad()
def choose_steps(
    networks: Networks, y: list[Tensor], x: Tensor, weight: float, first: int = 0
) -> list[Group]:
    """Groups of integers that cost least, ``MSE + weight * bpp``; the networks are given their values.

    Args:
        networks: in floats; overwritten.
        y: symbols, (h, w) each, the finest first.
        x: the image (1, 3, H, W), in [0, 1].
        weight: of a bit per pixel.
        first: the finest grid that is coded.
    """
    pixels = x.shape[2] * x.shape[3]

    def rate() -> float:
        bits = sum(
            float(networks.entropy.bits(surround(y[k]), features_of(y, k))) for k in range(first, len(y))
        )
        return weight * bits / pixels

    def distortion() -> float:
        return float((networks.reconstruct(y).clamp(0, 1) - x).square().mean())

    chosen = []
    for k, parameters in enumerate(groups_of(networks)):
        values = torch.cat([p.detach().flatten() for p in parameters])
        measure = rate if k < RATE_GROUPS else distortion

        def cost(
            group: Group,
            parameters: list[torch.nn.Parameter] = parameters,
            measure: Callable[[], float] = measure,
        ) -> float:
            fill(parameters, group)
            return measure() + weight * group.bits / pixels

        reach = float(values.abs().max())
        fitting = [shift for shift in reversed(SHIFTS) if reach * 2**shift <= LARGEST_SYMBOL]
        best = _best([quantise(values, shift) for shift in fitting or [0]], cost)
        fill(parameters, best)
        chosen.append(best)
    return chosen


def _best(candidates: list[Group], cost: Callable[[Group], float]) -> Group:
    """Of ever coarser ones; stops when it gets much worse."""
    best, least = candidates[0], float("inf")
    worse = 0
    for group in candidates:
        found = cost(group)
        if found < least:
            best, least, worse = group, found, 0
        else:
            worse += 1
        if worse == 2:
            break
    return best
