"""Code a part of an image, and generate the rest.

Agustsson, Tschannen, Mentzer, Timofte, Van Gool, "Generative adversarial networks for extreme learned image
compression", ICCV 2019. https://arxiv.org/abs/1804.02958
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from litcodec.codecs.generative import GenerativeCompression
from litcodec.frozen import FrozenSelective
from litcodec.latent_coding import SelectedLatentCoder
from litcodec.latent_coding.frozen_net import frozen_copy, loaded_copy
from litcodec.latent_models import CodedLatents
from litcodec.types import CodecOutput


class SelectiveGeneration(GenerativeCompression):
    """The paper's SC, without its label maps: GC whose latents a binary mask multiplies.

    ::

        x -> E -> y -> nearest centre -> * mask -> y_hat -> G -> x_hat

    In training every image has a random box as its mask, and the distortion is counted inside that box
    alone. When compressing, the mask is the user's: ``codec.freeze().with_mask(mask)``. Without one, and in
    ``eval()``, everything is preserved. Latents outside of the mask take no bits; the mask itself is coded
    with one bit or less for each latent position, which ``likelihoods`` do not count.

    Args:
        N: see ``GenerativeCompression``, like all that follow.
        M: as above; the paper has 8 for SC.
        centres: as above.
        blocks: as above.

    Raises:
        ShapeError: see ``GenerativeCompression``.
    """

    def __init__(self, *, N: int = 60, M: int = 8, centres: int = 5, blocks: int = 9) -> None:
        super().__init__(N=N, M=M, centres=centres, blocks=blocks)

    def forward(self, x: Tensor) -> CodecOutput:
        """Code and reconstruct ``x`` (B, 3, H, W); in training random boxes alone, as ``preserved`` says."""
        if not self.training:
            return super().forward(x)
        boxes: list[Tensor] = []

        def code(y: Tensor) -> CodedLatents:
            boxes.append(random_boxes(y))
            coded = self.latent_model(y)
            likelihoods = torch.where(boxes[0], coded.likelihoods[0], 1.0)
            return CodedLatents(coded.y_hat * boxes[0], (likelihoods,), coded.losses)

        output = self.forward_with(x, code)
        H, W = x.shape[2:]
        pixels = boxes[0].repeat_interleave(self.stride, 2).repeat_interleave(self.stride, 3)
        return output._replace(preserved=pixels[..., :H, :W])

    def freeze(self) -> FrozenSelective:
        """Copy the transforms and make the latent model exact; this codec is not changed."""
        coder = SelectedLatentCoder(self.latent_model.freeze())
        return FrozenSelective(self.architecture, frozen_copy(self.g_a), frozen_copy(self.g_s), coder)

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenSelective:
        """Build the frozen codec from the ``tensors`` of a codec file."""
        g_a, g_s = loaded_copy(self.g_a, "g_a", tensors), loaded_copy(self.g_s, "g_s", tensors)
        coder = SelectedLatentCoder(self.latent_model.restore(tensors))
        return FrozenSelective(self.architecture, g_a, g_s, coder)


def random_boxes(y: Tensor) -> Tensor:
    """A mask (B, 1, h, w), bool, for each image of y (B, M, h, w): a box of any size at any place."""
    B, _, h, w = y.shape
    draws = torch.rand(2, 2, B, 1, 1, 1, device=y.device)

    def between(length: int, dim: int, draw: Tensor) -> Tensor:
        side = 1 + (draw[0] * length).floor()
        start = (draw[1] * (length - side + 1)).floor()
        shape = [1, 1, 1, 1]
        shape[dim] = length
        places = torch.arange(length, device=y.device).reshape(shape)
        return (places >= start) & (places < start + side)

    return between(h, 2, draws[0]) & between(w, 3, draws[1])
