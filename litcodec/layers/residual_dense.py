"""Residual dense blocks, and groups of them.

Blocks: Zhang, Tian, Kong, Zhong, Fu, "Residual dense network for image super-resolution", CVPR 2018.
https://arxiv.org/abs/1802.08797
Groups: Kim, Chung, Jung, "GRDN: grouped residual dense network for real image denoising and GAN-based
real-world noise modeling", CVPRW 2019. https://arxiv.org/abs/1905.11172
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# How much a block adds to what came in, at first: many blocks one after another must not let the signal grow.
BRANCH_GAIN = 0.3


class ResidualDenseBlock(nn.Module):
    """Every layer sees the outputs of all before it; what they found together is added to the input.

    Args:
        channels: C of the (B, C, h, w) that comes in and goes out.
        growth: channels that each layer adds.
        layers: how many 3x3 convolutions.
    """

    def __init__(self, channels: int, *, growth: int, layers: int) -> None:
        super().__init__()
        self.dense = nn.ModuleList(
            nn.Conv2d(channels + k * growth, growth, 3, padding=1, bias=False) for k in range(layers)
        )
        for layer in self.dense:
            nn.init.kaiming_normal_(layer.get_parameter("weight"), nonlinearity="relu")
        self.fuse = nn.Conv2d(channels + layers * growth, channels, 1, bias=False)
        nn.init.normal_(self.fuse.weight, std=BRANCH_GAIN * self.fuse.in_channels**-0.5)

    def forward(self, v: Tensor) -> Tensor:
        """(B, C, h, w) -> the same shape."""
        seen = v
        for layer in self.dense:
            seen = torch.cat([seen, F.relu(layer(seen), inplace=True)], dim=1)
        fused: Tensor = self.fuse(seen)
        return v + fused


class GroupedResidualDenseBlock(nn.Module):
    """Residual dense blocks in a row; what each of them gave is fused and added to the input.

    Args:
        channels: C of the (B, C, h, w) that comes in and goes out.
        growth: of each block.
        layers: of each block.
        blocks: how many.
    """

    def __init__(self, channels: int, *, growth: int, layers: int, blocks: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            ResidualDenseBlock(channels, growth=growth, layers=layers) for _ in range(blocks)
        )
        self.fuse = nn.Conv2d(blocks * channels, channels, 1)
        nn.init.normal_(self.fuse.weight, std=BRANCH_GAIN * self.fuse.in_channels**-0.5)

    def forward(self, v: Tensor) -> Tensor:
        """(B, C, h, w) -> the same shape."""
        found, out = [], v
        for block in self.blocks:
            out = block(out)
            found.append(out)
        fused: Tensor = self.fuse(torch.cat(found, dim=1))
        return v + fused
