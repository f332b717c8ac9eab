"""A probability for each of a few values, by channel."""

import torch
from torch import Tensor, nn


class CategoricalDensity(nn.Module):
    """Probabilities of the whole numbers ``-radius`` to ``radius``, which start equal.

    Args:
        channels: C of the latent (B, C, h, w).
        radius: see there.
    """

    def __init__(self, channels: int, radius: int) -> None:
        super().__init__()
        self.radius = radius
        self.logits = nn.Parameter(torch.zeros(channels, 2 * radius + 1))

    def pmf(self) -> Tensor:
        """(C, 2 * radius + 1), rows that sum to 1."""
        return torch.softmax(self.logits, dim=1)

    def forward(self, y_hat: Tensor) -> Tensor:
        """Probability of each value of ``y_hat`` (B, C, h, w), whole numbers within the radius; its shape."""
        chosen = (y_hat.detach() + self.radius).long()
        channel = torch.arange(chosen.shape[1], device=chosen.device)[:, None, None].expand_as(chosen)
        return self.pmf()[channel, chosen]
