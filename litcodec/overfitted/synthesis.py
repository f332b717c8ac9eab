"""Synthesises the image from the upsampled grids, in a few hundred multiplications per pixel."""

import torch
from torch import Tensor, nn

from litcodec.ops.conv3x3 import conv3x3
from litcodec.ops.pointwise import pointwise


class Synthesis(nn.Module):
    """A hidden layer and a linear one, both of single pixels, then residual layers of 3x3 kernels.

    Ladune et al., "COOL-CHIC: Coordinate-based low complexity hierarchical image codec", ICCV 2023.
    https://arxiv.org/abs/2212.05458

    Args:
        levels: channels that come in, one for each grid.
        width: of the hidden layer.
        residuals: 3x3 layers; all but the last have a ReLU.
    """

    def __init__(self, levels: int, *, width: int, residuals: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(levels, width)
        self.out = nn.Linear(width, 3)
        self.linear = nn.Linear(levels, 3, bias=False)
        self.residuals = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(residuals))
        with torch.no_grad():
            self.out.weight.div_(3)
            self.linear.weight.div_(3)
            for layer in self.residuals:
                assert isinstance(layer, nn.Conv2d)
                layer.weight.mul_(0.1)
                assert layer.bias is not None
                layer.bias.zero_()

    @property
    def reach(self) -> int:
        """How many pixels to either side one pixel depends on."""
        return len(self.residuals)

    @torch.no_grad()
    def start_at(self, colour: Tensor) -> None:
        """Let grids of zeros give a colour (3,)."""
        levels = self.hidden.in_features
        nothing = self(torch.zeros(levels, 8, 8, device=colour.device))[0, :, 4, 4]
        self.out.bias.add_(colour - nothing)

    def forward(self, u: Tensor) -> Tensor:
        """The image (1, 3, h, w) of the grids (levels, h, w)."""
        layers = [(self.hidden.weight, self.hidden.bias), (self.out.weight, self.out.bias)]
        x = pointwise(u.flatten(1), self.linear.weight, layers).view(3, *u.shape[1:])
        last = len(self.residuals) - 1
        for k, layer in enumerate(self.residuals):
            assert isinstance(layer, nn.Conv2d)
            assert layer.bias is not None
            residual = conv3x3(x, layer.weight, layer.bias)
            x = x + (residual if k == last else torch.relu(residual))
        return x[None]
