"""One scale of L3C: an encoder that halves an image or its features, and a predictor of what it halved.

Mentzer, Agustsson, Tschannen, Timofte, Van Gool, "Practical full resolution learned lossless image
compression", CVPR 2019. https://arxiv.org/abs/1811.12817. Residual blocks without normalisation: Lim, Son,
Kim, Nah, Lee, "Enhanced deep residual networks for single image super-resolution", CVPRW 2017.
https://arxiv.org/abs/1707.02921
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from litcodec.layers import conv, initialise_conv, sub_pixel_conv

DILATIONS = (1, 2, 4)
REACH = max(DILATIONS)  # rows of features to either side that parameters depend on
BRANCH_GAIN = 0.1  # of a residual block's branch, at first
Net = Callable[[Tensor], Tensor]


def _conv3(in_channels: int, out_channels: int, *, gain: float = 1.0) -> nn.Conv2d:
    made = conv(in_channels, out_channels, kernel_size=3, stride=1)
    initialise_conv(made, gain=gain)
    return made


def _block(N: int) -> nn.Sequential:
    return nn.Sequential(_conv3(N, N), nn.ReLU(), _conv3(N, N, gain=BRANCH_GAIN))


class ScaleEncoder(nn.Module):
    """``f + blocks(f)``, ``f = down(head(x))``.

    Args:
        in_channels: C of what comes in.
        N: channels of the features.
        blocks: residual blocks.
    """

    def __init__(self, in_channels: int, N: int, *, blocks: int) -> None:
        super().__init__()
        self.head, self.down = _conv3(in_channels, N), conv(N, N)
        self.blocks = nn.ModuleList(_block(N) for _ in range(blocks))
        self.tail = _conv3(N, N, gain=BRANCH_GAIN)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, 2h, 2w) -> features (B, N, h, w)."""
        f = self.down(self.head(x))
        found = f
        for block in self.blocks:
            found = found + block(found)
        return f + self.tail(found)  # type: ignore[no-any-return]


class ScaleNets(NamedTuple):
    """The layers of a predictor, trained ones or their fixed-point forms."""

    embed: Net  # (B, C, h, w) -> (B, N, h, w)
    blocks: Sequence[Net]  # branches, (B, N, h, w) -> the same shape
    tail: Net  # (B, N, h, w) -> the same shape
    up: Net  # (B, N, h, w) -> (B, N, 2h, 2w)
    atrous: Sequence[Net]  # (B, N, 2h, 2w) -> the same shape, of several dilations
    last: Net  # (B, 3N, 2h, 2w) -> (B, P, 2h, 2w)

    def features(self, z_hat: Tensor, coarse: Tensor | None) -> Tensor:
        """What is known of the scale above ``z_hat``, (B, N, 2h, 2w).

        Args:
            z_hat: (B, C, h, w), quantised.
            coarse: features (B, N, h, w) of the next coarser scale; None for the coarsest.
        """
        f = self.embed(z_hat)
        if coarse is not None:
            f = f + coarse
        found = f
        for block in self.blocks:
            found = found + block(found)
        return self.up(f + self.tail(found))

    def parameters(self, features: Tensor) -> Tensor:
        """Of distributions: features (B, N, 2h, 2w) -> (B, P, 2h, 2w)."""
        return self.last(torch.cat([net(features) for net in self.atrous], dim=1))


class ScalePredictor(nn.Module):
    """The trained layers of ``ScaleNets``.

    Args:
        C: channels of z.
        N: channels of the features.
        blocks: residual blocks.
        P: parameters for each position of the scale above.
    """

    def __init__(self, C: int, N: int, *, blocks: int, P: int) -> None:
        super().__init__()
        self.embed = nn.Sequential(conv(C, N, kernel_size=1, stride=1))
        self.blocks = nn.ModuleList(_block(N) for _ in range(blocks))
        self.tail = nn.Sequential(_conv3(N, N, gain=BRANCH_GAIN))
        self.up = sub_pixel_conv(N, N)
        self.atrous = nn.ModuleList(
            nn.Sequential(nn.Conv2d(N, N, 3, padding=d, dilation=d)) for d in DILATIONS
        )
        last = conv(len(DILATIONS) * N, P, kernel_size=1, stride=1)
        initialise_conv(last, gain=0.3)
        self.last = nn.Sequential(last)

    @property
    def nets(self) -> ScaleNets:
        """The layers."""
        return ScaleNets(self.embed, [*self.blocks], self.tail, self.up, [*self.atrous], self.last)

    @property
    def sequentials(self) -> dict[str, nn.Sequential]:
        """The layers by name, for their fixed-point forms."""
        found = {"embed": self.embed, "tail": self.tail, "up": self.up, "last": self.last}
        for name, nets in (("blocks", self.blocks), ("atrous", self.atrous)):
            found |= {f"{name}.{k}": net for k, net in enumerate(nets) if isinstance(net, nn.Sequential)}
        return found

    @property
    def reach(self) -> int:
        """Rows of z to either side that features depend on."""
        return 2 * len(self.blocks) + 2
