"""Learned gains of a latent's channels, as a function of the rate.

Cui, Wang, Gao, Guo, Feng, Bai, "Asymmetric gained deep image compression with continuous rate adaptation",
CVPR 2021. https://arxiv.org/abs/2003.02012
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Gains(NamedTuple):
    """What the channels of a latent are multiplied by; both (B, M, 1, 1), above 0."""

    gain: Tensor  # before rounding
    inverse: Tensor  # after it; learned too, so only about 1 / gain


class GainUnit(nn.Module):
    """A gain and an inverse gain for every channel at each of several anchors.

    Between two anchors exponents are interpolated linearly: ``g(k + t) = g(k)^(1 - t) * g(k + 1)^t``.

    Gains start where a uniform quantiser is best at high rates. A step s costs ``-log2(s)`` bits and makes an
    error in proportion to ``s^2``, so ``R + lmbda * D`` is least for a step that falls, and a gain that
    rises, as the square root of lmbda; the inverse gain undoes it. In the middle of the range all gains are
    1: there the codec starts as it would alone.

    Args:
        channels: M of the latent.
        anchors: A, 2 or more; at equal distances in log(lmbda).
        log_span: natural logarithm of the last anchor's lmbda over the first one's.
    """

    def __init__(self, channels: int, *, anchors: int, log_span: float) -> None:
        super().__init__()
        # First on the CPU: where a codec is built on "meta", arithmetic makes torch import its compiler.
        places = torch.linspace(-0.5, 0.5, anchors, device="cpu")
        start = 0.5 * log_span * places[:, None].repeat(1, channels)
        device = torch.get_default_device()
        self.log_gains = nn.Parameter(start.to(device))
        self.log_inverse_gains = nn.Parameter((-start).to(device))

    def forward(self, where: Tensor) -> Gains:
        """The gains at places of the range.

        Args:
            where: (B,), 0 is the first anchor, 1 the last; what lies outside counts as the nearer end.
        """
        last = self.log_gains.shape[0] - 1
        anchors = torch.arange(last + 1, device=where.device)
        # Of all anchors at most the two about a place have a weight; each gets a gradient all the same.
        weights = (1 - (where.clamp(0, 1)[:, None] * last - anchors).abs()).clamp(min=0)[:, :, None]
        gain, inverse = (
            (weights * logs).sum(dim=1).exp()[:, :, None, None]
            for logs in (self.log_gains, self.log_inverse_gains)
        )
        return Gains(gain, inverse)
