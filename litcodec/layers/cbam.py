"""Attention over channels, then over positions.

Woo, Park, Lee, Kweon, "CBAM: convolutional block attention module", ECCV 2018. https://arxiv.org/abs/1807.06521
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Pooled(NamedTuple):
    """What the attention to channels looks at: each channel over the whole image."""

    mean: Tensor  # (B, C)
    maximum: Tensor  # (B, C)


class CBAM(nn.Module):
    """Weighs channels by their means and maxima, places by the mean and the maximum over channels about them.

    The paper's normalisation of the spatial gate by batch is left out: an image's quality must not depend on
    what it was trained with side by side.

    Args:
        channels: C of the (B, C, H, W) that comes in and goes out.
        reduction: the channels' gate has C / reduction hidden units, at least 1.
    """

    SPATIAL_KERNEL = 7

    def __init__(self, channels: int, *, reduction: int = 16) -> None:
        super().__init__()
        hidden = max(1, channels // reduction)
        self.channel = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))
        # The few hidden units start alive: one that is 0 for every image would never learn.
        nn.init.constant_(self.channel[0].get_parameter("bias"), 0.5)
        self.spatial = nn.Conv2d(2, 1, self.SPATIAL_KERNEL, padding=self.SPATIAL_KERNEL // 2)
        self.reach = self.SPATIAL_KERNEL // 2  # pixels on either side, given the channels' gate

    def forward(self, v: Tensor, pooled: Pooled | None = None) -> Tensor:
        """Weigh ``v``.

        Args:
            v: (B, C, H, W).
            pooled: of the image that ``v`` is a part of; of ``v`` itself if not given.
        """
        mean, maximum = self.pool(v) if pooled is None else pooled
        gate = torch.sigmoid(self.channel(mean) + self.channel(maximum))
        v = v * gate[:, :, None, None]
        about = torch.cat([v.amax(dim=1, keepdim=True), v.mean(dim=1, keepdim=True)], dim=1)
        return v * torch.sigmoid(self.spatial(about))

    @staticmethod
    def pool(v: Tensor) -> Pooled:
        """What ``forward`` needs to know of a whole (B, C, H, W)."""
        return Pooled(v.mean(dim=(2, 3)), v.amax(dim=(2, 3)))
