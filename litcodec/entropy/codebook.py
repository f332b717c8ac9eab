"""Codebooks: latents quantised to the nearest of some centres, vectors or single values.

Agustsson, Mentzer, Tschannen, Cavigelli, Timofte, Benini, Van Gool, "Soft-to-hard vector quantization for
end-to-end learning compressible representations", NeurIPS 2017 (https://arxiv.org/abs/1704.00648). Ours gives
the decoder the nearest centre in training too; softness is in gradients alone. Mentzer, Minnen, Agustsson,
Tschannen, "Finite scalar quantization: VQ-VAE made simple", ICLR 2024 (https://arxiv.org/abs/2309.15505).
"""

import math
from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
import torch.distributed
from torch import Tensor, nn

from litcodec.architecture import Buildable
from litcodec.errors import ShapeError

CENTRES_MAX = 4096
KMEANS_ROUNDS = 10
REVIVE_EVERY = 50  # training steps
DEAD_BELOW = 0.02  # of an equal share of the vectors
USAGE_DECAY = 0.98
SOFTNESS_GAIN = 0.02  # how fast sigma follows the gap, a step
SIGMA_MAX = 1e4


class Assigned(NamedTuple):
    """What each vector of a latent became."""

    shares: Tensor  # (B, V, h, w, L): 1 of the nearest centre; gradients are those of soft assignment
    y_hat: Tensor  # (B, M, h, w), of these centres


class Codebook(Buildable, nn.Module, ABC):
    """L centres of ``dimensions`` channels each: y (B, M, h, w) has V = M / dimensions vectors at a place."""

    dimensions: int
    centres: Tensor  # (L, dimensions)

    def vectors(self, y: Tensor) -> Tensor:
        """Y as vectors, (B, V, h, w, dimensions), as they are compared with the centres."""
        B, M, h, w = y.shape
        return y.reshape(B, M // self.dimensions, self.dimensions, h, w).permute(0, 1, 3, 4, 2)

    def nearest(self, y: Tensor) -> Tensor:
        """The number of the centre nearest to each vector, (B, V, h, w), int64."""
        return _distances(self.vectors(y), self.centres).argmin(dim=-1)

    def values(self, shares: Tensor) -> Tensor:
        """Y (B, M, h, w) of shares (B, V, h, w, L)."""
        B, V, h, w, _ = shares.shape
        return (shares @ self.centres).permute(0, 1, 4, 2, 3).reshape(B, V * self.dimensions, h, w)

    @abstractmethod
    def forward(self, y: Tensor) -> Assigned:
        """Quantise ``y``."""


class SoftToHard(Codebook):
    """Learned centres; gradients are those of ``softmax(-sigma * squared distance)``.

    Sigma rises so that the gap between soft and hard values falls as ``T / (T + t)`` of that at first.
    Centres start as k-means finds them among the vectors of the first batch; one that is hardly used moves to
    a vector of the batch.

    Args:
        centres: L.
        dimensions: of a vector.
        sigma: at first.
        anneal: T, in steps of training.

    Raises:
        ShapeError: if an argument is out of range.
    """

    training_arguments = frozenset({"sigma", "anneal"})

    def __init__(
        self, *, centres: int = 64, dimensions: int = 4, sigma: float = 1.0, anneal: int = 2000
    ) -> None:
        super().__init__()
        if not (2 <= centres <= CENTRES_MAX and 1 <= dimensions <= 64):
            raise ShapeError(
                f"centres are 2..{CENTRES_MAX}, dimensions 1..64; got {centres} and {dimensions}."
            )
        if not (0 < sigma < SIGMA_MAX and anneal >= 1):
            raise ShapeError(f"sigma lies in 0..{SIGMA_MAX:g}, anneal is 1 or more; got {sigma:g}, {anneal}.")
        self.dimensions, self.anneal = dimensions, anneal
        self.centres = nn.Parameter(torch.randn(centres, dimensions))
        self.usage: Tensor
        self.log_sigma: Tensor
        self.first_gap: Tensor
        self.steps: Tensor
        self.register_buffer("usage", torch.full((centres,), 1 / centres))
        self.register_buffer("log_sigma", torch.tensor(math.log(sigma)))
        self.register_buffer("first_gap", torch.tensor(0.0))
        self.register_buffer("steps", torch.tensor(0))

    @property
    def dead(self) -> int:
        """How many centres hardly any vector was near to of late."""
        return int((self.usage < DEAD_BELOW / len(self.centres)).sum())

    def forward(self, y: Tensor) -> Assigned:
        """Assign vectors of ``y`` (B, M, h, w) to their nearest centres; gradients are soft."""
        vectors = self.vectors(y)
        if self.training:  # before centres are used: a backward pass needs them as they were
            flat = vectors.detach().reshape(-1, self.dimensions)
            if int(self.steps) == 0:
                self._start(flat)
            elif int(self.steps) % REVIVE_EVERY == 0:
                self._revive(flat)
        distances = _distances(vectors, self.centres)
        nearest = distances.argmin(dim=-1, keepdim=True)
        hard = torch.zeros_like(distances).scatter_(-1, nearest, 1.0)
        if not self.training:
            return Assigned(hard, self.values(hard))
        soft = torch.softmax(-self.log_sigma.exp() * distances, dim=-1)
        self._follow(vectors.detach(), hard, soft.detach())
        shares = hard + (soft - soft.detach())
        return Assigned(shares, self.values(shares))

    @torch.no_grad()
    def _start(self, vectors: Tensor) -> None:
        """K-means."""
        chosen = vectors[torch.randint(len(vectors), (len(self.centres),), device=vectors.device)]
        centres = chosen + 1e-3 * torch.randn_like(chosen)
        for _ in range(KMEANS_ROUNDS):
            nearest = _distances(vectors, centres).argmin(dim=-1)
            sums = torch.zeros_like(centres).index_add_(0, nearest, vectors)
            counts = torch.bincount(nearest, minlength=len(centres))[:, None]
            centres = torch.where(counts > 0, sums / counts.clamp_min(1), centres)
        self._move(centres)

    @torch.no_grad()
    def _follow(self, vectors: Tensor, hard: Tensor, soft: Tensor) -> None:
        """After a step: sigma, and how much centres are used."""
        self.steps += 1
        gap = (self.values(soft) - self.values(hard)).square().mean()
        if int(self.steps) == 1:
            self.first_gap.copy_(gap)
        wanted = self.first_gap * self.anneal / (self.anneal + self.steps)
        rise = (gap / wanted.clamp_min(1e-12) - 1).clamp(-1, 1) * SOFTNESS_GAIN
        self.log_sigma.add_(rise).clamp_(max=math.log(SIGMA_MAX))
        share = hard.flatten(0, -2).mean(dim=0)
        self.usage.mul_(USAGE_DECAY).add_((1 - USAGE_DECAY) * share)

    @torch.no_grad()
    def _revive(self, vectors: Tensor) -> None:
        """Move dead centres to vectors of the batch."""
        dead = self.usage < DEAD_BELOW / len(self.usage)
        found = vectors[torch.randint(len(vectors), (len(self.centres),), device=vectors.device)]
        self._move(torch.where(dead[:, None], found.to(self.centres.dtype), self.centres))
        self.usage[dead] = 1 / len(self.usage)

    def _move(self, centres: Tensor) -> None:
        """The same on every rank."""
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.broadcast(centres, 0)
        self.centres.copy_(centres)


class FiniteScalar(Codebook):
    """Whole numbers within ``+-(levels - 1) / 2`` that y is squeezed into by a tanh; nothing is learned.

    Args:
        levels: an odd number of them.

    Raises:
        ShapeError: if there are fewer than 3, or an even number.
    """

    dimensions = 1

    def __init__(self, *, levels: int = 9) -> None:
        super().__init__()
        if not 3 <= levels <= CENTRES_MAX or levels % 2 == 0:
            raise ShapeError(f"levels are an odd number from 3 to {CENTRES_MAX - 1}; got {levels}.")
        self.reach = levels // 2
        self.register_buffer("centres", torch.arange(-self.reach, self.reach + 1)[:, None].float())

    def vectors(self, y: Tensor) -> Tensor:
        """``y``, squeezed by the tanh, as vectors (B, M, h, w, 1)."""
        return super().vectors(self.reach * torch.tanh(y / self.reach))

    def forward(self, y: Tensor) -> Assigned:
        """Round the squeezed ``y`` (B, M, h, w); gradients are of its value and the two levels next to it."""
        squeezed = self.vectors(y)
        near = (1 - (squeezed - self.centres[:, 0]).abs()).clamp_min(0)  # (..., L): a hat over each level
        hard = torch.zeros_like(near).scatter_(-1, near.argmax(dim=-1, keepdim=True), 1.0)
        shares = hard + (near - near.detach()) if self.training else hard
        return Assigned(shares, self.values(shares))


def _distances(vectors: Tensor, centres: Tensor) -> Tensor:
    """Squared, (..., dimensions) and (L, dimensions) -> (..., L)."""
    if vectors.shape[-1] == 1:
        return (vectors - centres[:, 0]).square()
    squares = vectors.square().sum(dim=-1, keepdim=True) + centres.square().sum(dim=-1)
    return squares - 2 * vectors @ centres.T
