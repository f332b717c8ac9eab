"""3-D convolutions over channel, row and column that see what was decoded before, channel after channel.

Of the channel before all 3x3 places about their own, of their own channel those above and to the left. So all
places of equal ``4 * channel + 2 * row + column`` can be decoded at once.

Mentzer, Agustsson, Tschannen, Timofte, Van Gool, "Conditional probability models for deep image compression",
CVPR 2018. https://arxiv.org/abs/1801.04260
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

VOLUME_SLOPES = (4, 2, 1)  # of channel, row, column
_BEFORE = tuple((-1, row, column) for row in (-1, 0, 1) for column in (-1, 0, 1))
STRICTLY_BEFORE = (*_BEFORE, (0, -1, -1), (0, -1, 0), (0, -1, 1), (0, 0, -1))
UP_TO_NOW = (*STRICTLY_BEFORE, (0, 0, 0))


class CausalConv3d(nn.Module):
    """One of these convolutions, its weights those of a 1x1 convolution over the places that it sees.

    Args:
        in_channels: features of a place that come in.
        out_channels: features that go out.
        sees_itself: whether a place sees the features of its own: not in the first of several layers.
    """

    def __init__(self, in_channels: int, out_channels: int, *, sees_itself: bool) -> None:
        super().__init__()
        self.offsets = UP_TO_NOW if sees_itself else STRICTLY_BEFORE
        self.pointwise = nn.Conv2d(len(self.offsets) * in_channels, out_channels, 1)

    def forward(self, v: Tensor) -> Tensor:
        """(B, F, channels, h, w) -> (B, F', channels, h, w); outside all is 0."""
        B, features, C, h, w = v.shape
        padded = F.pad(v, (1, 1, 1, 1, 1, 0))
        seen = [
            padded[:, :, 1 + c : 1 + c + C, 1 + row : 1 + row + h, 1 + column : 1 + column + w]
            for c, row, column in self.offsets
        ]
        flat = torch.cat(seen, dim=1).reshape(B, -1, C * h, w)
        found: Tensor = self.pointwise(flat).reshape(B, -1, C, h, w)
        return found
