"""The transforms of Mentzer et al., CVPR 2018, without their batch normalisation.

https://arxiv.org/abs/1801.04260
"""

import torch
from torch import Tensor, nn

from litcodec.layers import ImportanceMask, conv, convolutions_of, deconv
from litcodec.transforms.initialise import keep_variance

LAST_GAIN = 0.3  # of a residual branch at first
LATENT_GAIN = 1.5
IMAGE_GAIN = 0.02  # little noise at first, which training would remove by closing the map
OPEN = 3.0  # logit of the importance at first: nearly all are kept; a map that closes early stays closed
GREY = 0.45


class _Residual(nn.Module):
    """``x + inside(x)``."""

    def __init__(self, *inside: nn.Module) -> None:
        super().__init__()
        self.inside = nn.Sequential(*inside)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.inside(x)
        return out


def _pair(N: int) -> _Residual:
    return _Residual(conv(N, N, kernel_size=3, stride=1), nn.ReLU(), conv(N, N, kernel_size=3, stride=1))


def _groups(N: int, count: int) -> _Residual:
    """Groups of three residual blocks, with a skip about each and about all."""
    return _Residual(*(_Residual(_pair(N), _pair(N), _pair(N)) for _ in range(count)), _pair(N))


def importance_analysis(*, N: int, K: int, groups: int) -> nn.Sequential:
    """(B, 3, H, W) -> (B, K, H/8, W/8), masked by importance."""
    g_a = nn.Sequential(
        conv(3, max(1, N // 2)),
        nn.ReLU(),
        conv(max(1, N // 2), N),
        nn.ReLU(),
        _groups(N, groups),
        conv(N, K + 1),
        ImportanceMask(),
    )
    _start(g_a)
    with torch.no_grad():
        last = convolutions_of(g_a)[-1]
        last.weight.mul_(LATENT_GAIN)
        last.get_parameter("bias")[0] = OPEN
    return g_a


def importance_synthesis(*, N: int, K: int, groups: int) -> nn.Sequential:
    """(B, K, h, w) -> (B, 3, 8h, 8w)."""
    g_s = nn.Sequential(
        deconv(K, N, kernel_size=3),
        _groups(N, groups),
        deconv(N, max(1, N // 2)),
        nn.ReLU(),
        deconv(max(1, N // 2), 3),
    )
    _start(g_s)
    last = convolutions_of(g_s)[-1]
    with torch.no_grad():
        last.weight.mul_(IMAGE_GAIN)
        last.get_parameter("bias").fill_(GREY)
    return g_s


@torch.no_grad()
def _start(net: nn.Sequential) -> None:
    keep_variance(net)
    for module in net.modules():
        if isinstance(module, _Residual):
            last = [m for m in module.inside if isinstance(m, nn.Conv2d)]
            for layer in last[-1:]:
                nn.init.xavier_uniform_(layer.weight)
                layer.weight.mul_(LAST_GAIN)
                nn.init.zeros_(layer.get_parameter("bias"))
