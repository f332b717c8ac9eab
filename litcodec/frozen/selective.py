"""A frozen codec that codes only what a mask selects."""

import copy

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d

from litcodec.architecture import Architecture
from litcodec.errors import ShapeError
from litcodec.frozen.transform_codec import FrozenTransformCodec
from litcodec.latent_coding import SelectedLatentCoder


class FrozenSelective(FrozenTransformCodec):
    """A ``FrozenTransformCodec`` whose encoder takes a mask; without one, it codes everything.

    The decoder finds the mask in the stream. A latent is coded if any pixel of its block is to be preserved.
    """

    takes_mask = True

    def __init__(
        self, architecture: Architecture, g_a: nn.Module, g_s: nn.Module, latent_coder: SelectedLatentCoder
    ) -> None:
        super().__init__(architecture, g_a, g_s, latent_coder)
        self._selected = latent_coder
        self._mask_size: tuple[int, int] | None = None

    def with_mask(self, mask: Tensor) -> "FrozenSelective":
        """The same codec whose encoder preserves the blocks that ``mask`` (H, W), bool, touches."""
        if mask.dtype != torch.bool or mask.ndim != 2 or 0 in mask.shape:
            raise ShapeError(f"a mask is (H, W), bool, H, W >= 1; got {tuple(mask.shape)}, {mask.dtype}.")
        other = copy.copy(self)
        H, W = mask.shape
        other._mask_size = H, W
        s = self.stride
        blocks = max_pool2d(mask.float()[None, None].cpu(), s, ceil_mode=True)[0, 0] > 0
        other._selected = other.latent_coder = self._selected.with_preserved(blocks)
        return other

    def analyse(self, x: Tensor) -> Tensor:
        """Compute y of an image (1, 3, H, W).

        Raises:
            ShapeError: if the image has not the size of the mask.
        """
        if self._mask_size is not None and tuple(x.shape[2:]) != self._mask_size:
            H, W = self._mask_size
            raise ShapeError(
                f"the mask is {W}x{H}, the image is {x.shape[3]}x{x.shape[2]}; give one of its size."
            )
        return super().analyse(x)
