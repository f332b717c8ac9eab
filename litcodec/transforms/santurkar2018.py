"""DCGAN's two networks as transforms of separate 64x64 patches.

Santurkar, Budden, Shavit, "Generative compression", PCS 2018. https://arxiv.org/abs/1703.01467
Radford, Metz, Chintala, "Unsupervised representation learning with deep convolutional generative adversarial
networks", ICLR 2016. https://arxiv.org/abs/1511.06434
"""

from itertools import pairwise

from torch import Tensor, nn

from litcodec.layers import ChannelNorm, FullPrecisionConv2d, conv, deconv

PATCH = 64  # rows, and columns, of a patch
_SMALLEST = 4  # of a patch before the last layer of g_a


class OfPatches(nn.Sequential):
    """g_a: x (B, 3, 64h, 64w) -> y (B, M, h, w); leaky ReLUs, strides, no pooling.

    Args:
        N: channels at 32x32; twice as many at each size below.
        M: codes of a patch.
    """

    def __init__(self, *, N: int, M: int) -> None:
        super().__init__(
            conv(3, N),
            nn.LeakyReLU(0.2, inplace=True),
            *(
                layer
                for width, wider in pairwise(N * 2**k for k in range(4))
                for layer in (conv(width, wider), ChannelNorm(wider), nn.LeakyReLU(0.2, inplace=True))
            ),
            FullPrecisionConv2d(8 * N, M, _SMALLEST, stride=_SMALLEST),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map images (B, C, H, W) to one vector for each patch, (B, M, h, w)."""
        B, C, H, W = x.shape
        h, w = H // PATCH, W // PATCH
        patches = x.reshape(B, C, h, PATCH, w, PATCH).permute(0, 2, 4, 1, 3, 5)
        y = super().forward(patches.reshape(-1, C, PATCH, PATCH))  # type: ignore[no-untyped-call]
        return y.reshape(B, h, w, y.shape[1]).permute(0, 3, 1, 2)  # type: ignore[no-any-return]


class ToPatches(nn.Sequential):
    """g_s: y_hat (B, M, h, w) -> x_hat (B, 3, 64h, 64w); DCGAN's generator.

    Args:
        N: see ``OfPatches``, like ``M``.
        M: as above.
    """

    def __init__(self, *, N: int, M: int) -> None:
        super().__init__(
            nn.ConvTranspose2d(M, 8 * N, _SMALLEST, stride=_SMALLEST),
            ChannelNorm(8 * N),
            nn.ReLU(inplace=True),
            *(
                layer
                for wider, width in pairwise(N * 2**k for k in range(3, -1, -1))
                for layer in (deconv(wider, width), ChannelNorm(width), nn.ReLU(inplace=True))
            ),
            deconv(N, 3),
        )

    def forward(self, y_hat: Tensor) -> Tensor:
        """Map vectors (B, M, h, w) to images of patches, (B, 3, h * PATCH, w * PATCH)."""
        B, M, h, w = y_hat.shape
        patches = super().forward(y_hat.permute(0, 2, 3, 1).reshape(-1, M, 1, 1))  # type: ignore[no-untyped-call]
        placed = patches.reshape(B, h, w, 3, PATCH, PATCH).permute(0, 3, 1, 4, 2, 5)
        return placed.reshape(B, 3, h * PATCH, w * PATCH)  # type: ignore[no-any-return]
