"""Muon, an optimiser of matrices (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/)."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
# Newton-Schulz steps, each as good as one can be after those before (Amsel et al., arXiv 2505.16932).
POLAR = (
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)


def orthogonal(gradient: Tensor, dtype: torch.dtype) -> Tensor:
    """The nearest matrix with equal singular values, as large as a step of Adam; computed in ``dtype``."""
    X = gradient.flatten(1).to(dtype)
    wide = X.shape[0] <= X.shape[1]
    X = X if wide else X.T
    X = X / (X.norm() + 1e-7)
    for a, b, c in POLAR:
        A = X @ X.T
        X = a * X + (b * A + c * A @ A) @ X
    X = X if wide else X.T
    found: Tensor = X.reshape(gradient.shape).float() * (0.2 * math.sqrt(max(X.shape)))
    return found


def muon_step(
    parameters: Iterable[nn.Parameter],
    momentum: list[Tensor],
    rate: float | Tensor,
    dtype: torch.dtype = torch.float32,
) -> None:
    """One step of Muon, Nesterov momentum included; ``momentum`` is changed."""
    for parameter, kept in zip(parameters, momentum, strict=True):
        assert parameter.grad is not None
        kept.lerp_(parameter.grad, 1 - MOMENTUM)
        parameter.sub_(rate * orthogonal(torch.lerp(parameter.grad, kept, MOMENTUM), dtype))
