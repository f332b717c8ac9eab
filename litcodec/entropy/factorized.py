"""A learned density per channel, with no assumption on its shape.

Ballé et al., "Variational image compression with a scale hyperprior", ICLR 2018, appendix 6.1.
https://arxiv.org/abs/1802.01436
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.entropy.gaussian import LIKELIHOOD_MIN
from litcodec.ops import lower_bound

SEARCH_RADIUS = 1e5
SEARCH_WAYS = 64
SEARCH_ROUNDS = 6  # 2e5 / 64^6 < 4e-6


class FactorizedDensity(nn.Module):
    """Each channel's cumulative is ``sigmoid(f_K(... f_1(v)))`` with monotone stages ``f_k``.

    Args:
        channels: C of the latent (B, C, h, w).
        filters: widths of the hidden stages.
        init_scale: the density starts about this wide.
    """

    def __init__(
        self, channels: int, *, filters: Sequence[int] = (3, 3, 3, 3), init_scale: float = 10.0
    ) -> None:
        super().__init__()
        self.channels = channels
        widths = (1, *filters, 1)
        stage_scale = init_scale ** (1 / (len(widths) - 1))
        self.matrices = nn.ParameterList()
        self.biases = nn.ParameterList()
        self.factors = nn.ParameterList()
        for width_in, width_out in pairwise(widths):
            start = math.log(math.expm1(1 / stage_scale / width_out))
            self.matrices.append(nn.Parameter(torch.full((channels, width_out, width_in), start)))
            self.biases.append(nn.Parameter(torch.empty(channels, width_out, 1).uniform_(-0.5, 0.5)))
        for width in filters:
            self.factors.append(nn.Parameter(torch.zeros(channels, width, 1)))

    def logits(self, v: Tensor) -> Tensor:
        """Logits of the cumulative at ``v``, (C, 1, n) -> (C, 1, n)."""
        for k, (matrix, bias) in enumerate(zip(self.matrices, self.biases, strict=True)):
            v = torch.baddbmm(bias, F.softplus(matrix), v)
            if k < len(self.factors):
                v = v + torch.tanh(self.factors[k]) * torch.tanh(v)
        return v

    def forward(self, z: Tensor) -> Tensor:
        """Mass that each channel's density gives to the unit interval about ``z``.

        Args:
            z: latent, (B, C, h, w), float32.

        Returns:
            Likelihoods in [1e-9, 1], same shape.
        """
        B, C, h, w = z.shape
        v = z.transpose(0, 1).reshape(C, 1, -1)
        mass = interval_mass(self.logits(v - 0.5), self.logits(v + 0.5))
        return mass.reshape(C, B, h, w).transpose(0, 1)

    @torch.no_grad()
    def quantile(self, p: float) -> Tensor:
        """Where each channel's cumulative reaches ``p``, (C,), to within 4e-6.

        A search that narrows 64-fold a round, so that nothing about quantiles has to be trained.
        """
        low = torch.full_like(self.biases[0][:, 0], -SEARCH_RADIUS)  # (C, 1)
        width = torch.full_like(low, 2 * SEARCH_RADIUS)
        ways = torch.arange(1, SEARCH_WAYS, device=low.device, dtype=low.dtype)
        target = math.log(p / (1 - p))
        for _ in range(SEARCH_ROUNDS):
            width = width / SEARCH_WAYS
            below = self.logits((low + width * ways)[:, None, :])[:, 0] < target
            low = low + width * below.sum(dim=1, keepdim=True)
        return (low + width / 2)[:, 0]

    def medians(self) -> Tensor:
        """The value each channel is rounded about, (1, C, 1, 1)."""
        return self.quantile(0.5)[None, :, None, None]


def interval_mass(lower: Tensor, upper: Tensor) -> Tensor:
    """Mass between two logits of a cumulative, at least 1e-9; their shape."""
    # Take the difference in the tail where sigmoid is small, not where it is 1 - tiny. Not torch.sign:
    # about a median the two often cancel exactly, and with a sign of 0 the mass would be 0.
    sign = 1 - 2 * (lower + upper > 0).to(lower.dtype)
    mass = (torch.sigmoid(sign * upper) - torch.sigmoid(sign * lower)).abs()
    return lower_bound(mass, LIKELIHOOD_MIN)
