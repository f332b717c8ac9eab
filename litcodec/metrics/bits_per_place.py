"""A map of the bits spent at each position of an image."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def bits_per_place(bits: Sequence[Tensor], size: tuple[int, int], *, factor: int) -> Tensor:
    """Where an image's bits were spent.

    Args:
        bits: of each latent, (1, C, h, w): ``-log2`` of likelihoods, or ``FrozenCodec.bits``.
        size: (H, W) of the image before padding.
        factor: H and W were padded, at the bottom and the right, to multiples of it.

    Returns:
        (H, W), bits per pixel: every latent place's bits, summed over channels, spread evenly over its
        pixels.
    """
    H, W = size
    padded = (H + -H % factor, W + -W % factor)
    total = torch.zeros(padded, device=bits[0].device)
    for latent in bits:
        places = latent.sum(dim=1, keepdim=True)
        pixels = padded[0] * padded[1] / (places.shape[2] * places.shape[3])
        total += F.interpolate(places, size=padded, mode="nearest")[0, 0] / pixels
    return total[:H, :W]
