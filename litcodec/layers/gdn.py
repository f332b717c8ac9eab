"""Generalised divisive normalisation.

Ballé, Laparra, Simoncelli, "End-to-end optimized image compression", ICLR 2017.
https://arxiv.org/abs/1611.01704
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.ops import lower_bound

# Parameters are stored as sqrt(p + PEDESTAL), so that p stays non-negative and its gradient does not die near
# 0.
PEDESTAL = 2.0**-36
BETA_MIN = 1e-6


def _stored(p: Tensor) -> Tensor:
    return torch.sqrt(p.clamp_min(0) + PEDESTAL)


def _used(stored: Tensor, minimum: float) -> Tensor:
    return lower_bound(stored, (minimum + PEDESTAL) ** 0.5) ** 2 - PEDESTAL


class GDN(nn.Module):
    """``y_i = x_i / sqrt(beta_i + sum_j gamma_ij x_j^2)``; multiplies instead of divides if ``inverse``.

    Args:
        channels: C of the (B, C, H, W) that comes in and goes out.
        inverse: the approximate inverse (IGDN) used in synthesis transforms.
    """

    def __init__(self, channels: int, *, inverse: bool = False) -> None:
        super().__init__()
        self.inverse = inverse
        self.beta = nn.Parameter(_stored(torch.ones(channels)))
        self.gamma = nn.Parameter(_stored(0.1 * torch.eye(channels)))

    def _pool(self, energy: Tensor) -> Tensor:
        gamma = _used(self.gamma, 0.0)[:, :, None, None]
        return F.conv2d(energy, gamma, _used(self.beta, BETA_MIN))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``x`` (B, C, H, W) across its channels."""
        norm = self._pool(x * x)
        # In place: the pooled energy is needed no more, and at half resolution it is the largest tensor of
        # all. A tensor of that size costs as much to allocate as to compute.
        factor = norm.sqrt_() if self.inverse else norm.rsqrt_()
        if torch.is_grad_enabled() or factor.dtype != x.dtype:
            return x * factor
        return factor.mul_(x)


class SimplifiedGDN(GDN):
    """``y_i = x_i / (beta_i + sum_j gamma_ij |x_j|)``: cheaper, as good (Johnston 2019, arXiv 1912.08771)."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``x`` (B, C, H, W) across its channels."""
        norm = self._pool(x.abs())
        return x * norm if self.inverse else x / norm
