"""The grouped residual dense network, which enhances an image.

Kim, Chung, Jung, "GRDN: grouped residual dense network for real image denoising and GAN-based real-world
noise modeling", CVPRW 2019. https://arxiv.org/abs/1905.11172
"""

import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.architecture import Buildable
from litcodec.errors import ShapeError
from litcodec.layers import CBAM, GroupedResidualDenseBlock, check_width
from litcodec.layers.cbam import Pooled
from litcodec.transforms.resize import double, even_sides

# Of the last convolution's weights relative to a variance-preserving start: an untrained network changes a
# image by almost nothing, and a gradient still reaches every weight.
RESIDUAL_GAIN = 1e-3
MAX_DEPTH = 1024  # convolutions in a row; the paper's has 128


class GRDN(Buildable, nn.Module):
    """Adds to an image what it lost; doubles its sides first if ``scale`` is 2.

    ::

        scale 1:  x -> 3x3 -> 4x4/2 -> groups -> transposed 4x4/2 -> CBAM -> 3x3 -> + x
        scale 2:  x -> 3x3 -> groups -> CBAM -> 3x3 -> pixel shuffle -> + x, doubled

    The groups work at half the resolution of what comes out, either way. Presets of (C, growth, layers,
    blocks, groups): small (32, 16, 3, 3, 2), medium (64, 32, 4, 3, 3), the paper's (64, 64, 8, 4, 4).

    Args:
        C: channels between the blocks.
        growth: channels that each dense layer adds (g).
        layers: dense layers of a block (L).
        blocks: residual dense blocks of a group (R).
        groups: how many groups.
        scale: 1 or 2.

    Raises:
        ShapeError: if ``scale`` is something else, or a size is below 1.
    """

    def __init__(
        self,
        *,
        C: int = 32,
        growth: int = 16,
        layers: int = 3,
        blocks: int = 3,
        groups: int = 2,
        scale: int = 1,
    ) -> None:
        super().__init__()
        if min(C, growth, layers, blocks, groups) < 1 or scale not in (1, 2):
            raise ShapeError(
                f"C, growth, layers, blocks and groups are 1 or more, scale is 1 or 2; got {C}, {growth}, "
                f"{layers}, {blocks}, {groups} and {scale}."
            )
        if layers * blocks * groups > MAX_DEPTH:
            raise ShapeError(
                f"layers * blocks * groups are at most {MAX_DEPTH} convolutions in a row; got "
                f"{layers * blocks * groups}."
            )
        check_width(C, growth)
        self.scale = scale
        self.head = nn.Conv2d(3, C, 3, padding=1)
        self.down = nn.Conv2d(C, C, 4, 2, padding=1) if scale == 1 else None
        self.groups = nn.Sequential(
            *(
                GroupedResidualDenseBlock(C, growth=growth, layers=layers, blocks=blocks)
                for _ in range(groups)
            )
        )
        self.up = nn.ConvTranspose2d(C, C, 4, 2, padding=1) if scale == 1 else None
        self.attention = CBAM(C)
        self._body_reach = groups * blocks * layers  # every 3x3 convolution sees one pixel further
        self.tail = nn.Conv2d(C, 3 * scale**2, 3, padding=1)
        self._initialise()

    @property
    def reach(self) -> int:
        """Pixels of x to either side that an output pixel depends on, given what the attention pools."""
        around = 1 + self.attention.reach + 1  # head, attention, tail
        # At half resolution a pixel stands for two; 4x4/2 down and up again see three further.
        return self._body_reach + around if self.scale == 2 else 2 * self._body_reach + 3 + around

    def forward(self, x: Tensor) -> Tensor:
        """Enhance.

        Args:
            x: (B, 3, H, W), H and W >= 1.

        Returns:
            (B, 3, scale * H, scale * W), not clamped; float32, under autocast too.
        """
        H, W = x.shape[2:]
        x = self.pad(x)
        return self.enhance(x)[..., : self.scale * H, : self.scale * W]

    def pad(self, x: Tensor) -> Tensor:
        """An image of any size as ``enhance`` takes it."""
        return even_sides(x) if self.scale == 1 else x

    def enhance(self, x: Tensor, pooled: Pooled | None = None) -> Tensor:
        """``forward`` of a padded image; or of a part, given what the attention pools of the whole."""
        residual: Tensor = self.tail(self.attention(self.features(x), pooled)).float()
        if self.scale == 1:
            return x.float() + residual
        return double(x) + F.pixel_shuffle(residual, 2)

    def features(self, x: Tensor) -> Tensor:
        """What the attention sees of a padded image (B, 3, H, W): (B, C, H, W)."""
        v: Tensor = self.head(x)
        if self.down is not None:
            v = self.down(v)
        v = self.groups(v)
        if self.up is not None:
            v = self.up(v)
        return v

    def _initialise(self) -> None:
        """Weights that keep a signal's variance, but for a last layer that gives almost nothing."""
        for layer, taps in ((self.head, 9), (self.down, 16), (self.up, 4), (self.tail, 9)):
            if layer is not None:
                nn.init.normal_(layer.weight, std=(layer.in_channels * taps) ** -0.5)
                nn.init.zeros_(layer.get_parameter("bias"))
        self.tail.weight.data.mul_(RESIDUAL_GAIN)
