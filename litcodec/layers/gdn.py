"""Generalised divisive normalisation.

Ballé, Laparra, Simoncelli, "End-to-end optimized image compression", ICLR 2017.
https://arxiv.org/abs/1611.01704
"""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.ops import lower_bound

# Parameters are stored as sqrt(p + PEDESTAL), so that p stays non-negative and its gradient does not die near
# 0.
PEDESTAL = math.ldexp(1.0, -36)
BETA_MIN = 1e-6
CHUNK = 2**18  # elements that stay in a processor's own cache


def _stored(p: Tensor) -> Tensor:
    return torch.sqrt(p.clamp_min(0) + PEDESTAL)


def _used(stored: Tensor, minimum: float) -> Tensor:
    return lower_bound(stored, (minimum + PEDESTAL) ** 0.5) ** 2 - PEDESTAL


class GDN(nn.Module):
    """``y_i = x_i / sqrt(beta_i + sum_j gamma_ij x_j^2)``; multiplies instead of divides if ``inverse``.

    Args:
        channels: C of the (B, C, H, W) that comes in and goes out.
        inverse: the approximate inverse (IGDN) used in synthesis transforms.
        inplace: may overwrite what comes in, as in ``nn.ReLU``; done only where no gradient is needed.
    """

    def __init__(self, channels: int, *, inverse: bool = False, inplace: bool = False) -> None:
        super().__init__()
        self.inverse, self.inplace = inverse, inplace
        self.beta = nn.Parameter(_stored(torch.ones(channels)))
        self.gamma = nn.Parameter(_stored(0.1 * torch.eye(channels)))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``x`` (B, C, H, W) across its channels."""
        gamma, beta = _used(self.gamma, 0.0)[:, :, None, None], _used(self.beta, BETA_MIN)
        if torch.is_grad_enabled() or x.device.type != "cpu":
            return x * self._factor(x, gamma, beta)
        # A few rows at a time: at half resolution x is the largest tensor of all, and another of its size
        # costs as much to allocate as to compute.
        out = x if self.inplace else torch.empty_like(x)
        rows = max(1, CHUNK // (x.shape[0] * x.shape[1] * x.shape[3]))
        for part, written in zip(torch.split(x, rows, dim=2), torch.split(out, rows, dim=2), strict=True):
            torch.mul(part, self._factor(part, gamma, beta), out=written)
        return out

    def _factor(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        norm = F.conv2d(x * x, gamma, beta)
        return norm.sqrt_() if self.inverse else norm.rsqrt_()  # in place: the sum is needed no more


class SimplifiedGDN(GDN):
    """``y_i = x_i / (beta_i + sum_j gamma_ij |x_j|)``: cheaper, as good (Johnston 2019, arXiv 1912.08771)."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``x`` (B, C, H, W) across its channels."""
        gamma = _used(self.gamma, 0.0)[:, :, None, None]
        norm = F.conv2d(x.abs(), gamma, _used(self.beta, BETA_MIN))
        return x * norm if self.inverse else x / norm


GDNForm = Literal["exact", "simplified"]


def gdn_layer(form: GDNForm) -> type[GDN]:
    """The layer a configuration word stands for."""
    return {"exact": GDN, "simplified": SimplifiedGDN}[form]
