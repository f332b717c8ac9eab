"""Rounding, and stand-ins for it that let gradients through."""

import torch
from torch import Tensor


def round_about(x: Tensor, means: Tensor) -> Tensor:
    """The nearest value that differs from ``means`` (shaped like ``x``) by an integer; no gradient."""
    return (x - means).round() + means


def round_straight_through(x: Tensor) -> Tensor:
    """Round to the nearest integer; the gradient passes as if nothing had been done. Any shape."""
    return x + (x.round() - x).detach()


def add_uniform_noise(x: Tensor) -> Tensor:
    """Add noise uniform in [-1/2, 1/2): the differentiable stand-in of Ballé et al. 2017 for rounding."""
    return x + torch.rand_like(x) - 0.5
