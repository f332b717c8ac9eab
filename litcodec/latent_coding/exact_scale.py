"""A scale of L3C in fixed point: from what is decoded of a scale to the parameters of the next finer one.

Computed in strips of rows, so that memory stays bounded; strips do not change a bit. How an image is cut into
strips of parameters depends on its width alone and is the order in which it is coded.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from litcodec.entropy import FixedPointNet
from litcodec.latent_coding.tensors import net_from, net_to
from litcodec.transforms.mentzer2019 import REACH, ScaleNets, ScalePredictor

AT_ONCE = 2**14  # positions of z whose parameters are computed at once; part of the format
STRIPS_AT_ONCE = 4  # of features; bounds memory, changes no byte
MARGIN = -(-REACH // 2)  # rows of z to either side that parameters depend on, beside what features do


class Strip(NamedTuple):
    """Rows of the finer scale; whole numbers in units of 2^-12."""

    rows: slice
    features: Tensor  # (1, N, rows, 2w), float32, which holds them exactly
    parameters: Tensor  # (P, rows, 2w), float64


class ExactScale:
    """``ScalePredictor`` in fixed point.

    Args:
        nets: by the names of ``ScalePredictor.sequentials``.
        reach: rows of z to either side that features depend on.
    """

    def __init__(self, nets: Mapping[str, FixedPointNet], reach: int) -> None:
        self._nets, self._reach = dict(nets), reach
        parts = {
            name: [net for n, net in nets.items() if n.startswith(f"{name}.")]
            for name in ("blocks", "atrous")
        }
        self._scale = ScaleNets(
            nets["embed"], parts["blocks"], nets["tail"], nets["up"], parts["atrous"], nets["last"]
        )

    @classmethod
    def from_float(cls, predictor: ScalePredictor) -> "ExactScale":
        """Make a trained predictor exact."""
        nets = {name: FixedPointNet.from_float(net) for name, net in predictor.sequentials.items()}
        return cls(nets, predictor.reach)

    @classmethod
    def from_tensors(
        cls, predictor: ScalePredictor, name: str, tensors: Mapping[str, Tensor]
    ) -> "ExactScale":
        """Read back what ``tensors`` gave."""
        nets = {n: net_from(f"{name}.{n}", net, tensors) for n, net in predictor.sequentials.items()}
        return cls(nets, predictor.reach)

    def tensors(self, name: str) -> dict[str, Tensor]:
        """What a codec file has to hold of it."""
        found: dict[str, Tensor] = {}
        for n, net in self._nets.items():
            found.update(net_to(f"{name}.{n}", net))
        return found

    @torch.no_grad()
    def strips(self, z: Tensor, coarse: Tensor | None) -> Iterator[Strip]:
        """What is known of the finer scale, strip by strip.

        Args:
            z: (1, C, h, w), float64, whole numbers in units of 2^-12.
            coarse: the features of all strips of the next coarser scale, (1, N, h, w).
        """
        h, w = z.shape[2:]
        step = max(1, AT_ONCE // w)
        for top in range(0, h, STRIPS_AT_ONCE * step):
            bottom = min(h, top + STRIPS_AT_ONCE * step)
            above = max(0, top - MARGIN)
            features = self._features(z, coarse, above, min(h, bottom + MARGIN))
            for first in range(top, bottom, step):
                last = min(h, first + step)
                low, high = max(0, 2 * first - REACH), min(2 * h, 2 * last + REACH)
                seen = features[:, :, low - 2 * above : high - 2 * above]
                parameters = self._scale.parameters(seen)[0]
                kept = slice(2 * first - low, 2 * last - low)
                yield Strip(slice(2 * first, 2 * last), seen[:, :, kept].float(), parameters[:, kept])

    def _features(self, z: Tensor, coarse: Tensor | None, first: int, last: int) -> Tensor:
        """Of the rows of z from ``first`` up to ``last``."""
        above, below = max(0, first - self._reach), min(z.shape[2], last + self._reach)
        before = None if coarse is None else coarse[:, :, above:below].double()
        found = self._scale.features(z[:, :, above:below], before)
        return found[:, :, 2 * (first - above) : 2 * (last - above)]
