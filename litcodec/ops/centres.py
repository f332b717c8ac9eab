"""Quantisation to a few centres, and a soft stand-in that lets gradients through."""

import torch
from torch import Tensor


def nearest_centre(x: Tensor, radius: int, *, sharpness: float = 1.0) -> Tensor:
    """The nearest of the whole numbers from ``-radius`` to ``radius``; the gradient is that of a soft choice.

    The soft choice is the mean of all centres c with weights ``softmax(-sharpness * (x - c)^2)``.

    Agustsson, Mentzer, Tschannen, Cavigelli, Timofte, Benini, Van Gool, "Soft-to-hard vector quantization for
    end-to-end learning compressible representations", NeurIPS 2017. https://arxiv.org/abs/1704.00648
    """
    hard = x.detach().clamp(-radius, radius).round()
    if not (torch.is_grad_enabled() and x.requires_grad):
        return hard
    centres = torch.arange(-radius, radius + 1, device=x.device, dtype=x.dtype)
    weights = torch.softmax(-sharpness * (x[..., None] - centres).square(), dim=-1)
    soft = (weights * centres).sum(dim=-1)
    return hard + (soft - soft.detach())
