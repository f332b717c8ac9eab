"""A map of how many channels of a latent are kept at each position.

Mentzer, Agustsson, Tschannen, Timofte, Van Gool, CVPR 2018. https://arxiv.org/abs/1801.04260
"""

import torch
from torch import Tensor, nn


class ImportanceMask(nn.Module):
    """Keeps the first channels of each place, as many as its importance says.

    The first of the K + 1 channels that come in is the importance before ``sigmoid(.) * K``. Channel c of the
    others is multiplied by ``clip(importance - c, 0, 1)``.
    """

    def forward(self, features: Tensor) -> Tensor:
        """(B, K + 1, h, w) -> (B, K, h, w)."""
        values = features[:, 1:]
        c = torch.arange(values.shape[1], device=features.device, dtype=features.dtype)[:, None, None]
        return values * (importance(features) - c).clamp(0, 1)


def importance(features: Tensor) -> Tensor:
    """The map, (B, 1, h, w), in 0..K, of what the mask gets."""
    return torch.sigmoid(features[:, :1]) * (features.shape[1] - 1)
