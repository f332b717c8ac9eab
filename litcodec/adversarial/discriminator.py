"""The interface of every discriminator."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor, nn


class Judgement(NamedTuple):
    """What a discriminator finds in a batch of images, one entry for each scale that it looks at."""

    scores: tuple[Tensor, ...]  # (B, 1, h, w): how real each patch looks, without bounds
    features: tuple[tuple[Tensor, ...], ...]  # (B, C, h, w) after each layer but the last


class Discriminator(nn.Module, ABC):
    """Scores how real images look. A class of one's own is named by its class path."""

    @abstractmethod
    def forward(self, x: Tensor, y_hat: Tensor | None) -> Judgement:
        """Judge images.

        Args:
            x: photographs or reconstructions, (B, 3, H, W) in [0, 1].
            y_hat: the latent that each was decoded from, or would be, (B, M, h, w); None if the codec has
                none. Discriminators that are not conditional ignore it.
        """
