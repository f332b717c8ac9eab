"""The Fréchet distance between two sets of features, each modelled as a Gaussian."""

import torch
from torch import Tensor


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """The squared 2-Wasserstein distance between the Gaussians that fit ``a`` and ``b``.

    |mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2)) with the covariances A and B: Dowson and Landau 1982,
    doi:10.1016/0047-259X(82)90077-X. In float64.

    Args:
        a: (n, d).
        b: (m, d).

    Returns:
        In squared units of the features; 0 for equal sets.
    """
    a, b = a.double(), b.double()
    root = _centred(a), _centred(b)
    # tr (A B)^(1/2) is the sum of the singular values of X_a^T X_b, if A = X_a X_a^T and B = X_b X_b^T.
    cross = torch.linalg.svdvals(_root(root[0]) @ _root(root[1])).sum()
    spread = root[0].square().sum() + root[1].square().sum() - 2 * cross
    return max(0.0, float((a.mean(0) - b.mean(0)).square().sum() + spread))


def _centred(rows: Tensor) -> Tensor:
    """(n, d) whose product with itself is the covariance."""
    centred: Tensor = (rows - rows.mean(0)) / max(1, len(rows) - 1) ** 0.5
    return centred


def _root(centred: Tensor) -> Tensor:
    """The symmetric square root of the covariance, (d, d)."""
    values, vectors = torch.linalg.eigh(centred.T @ centred)
    root: Tensor = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    return root
