"""A distortion: a number for every image of a batch."""

from dataclasses import dataclass

import torch
from torch import Tensor

from litcodec.objectives import Distortion


@dataclass(frozen=True)
class Huber(Distortion):
    """Squared errors up to ``delta``, absolute ones beyond."""

    delta: float = 0.1
    label = "Huber"

    def per_image(self, x_hat: Tensor, x: Tensor) -> Tensor:
        """(B, 3, H, W) twice -> (B,)."""
        loss = torch.nn.functional.huber_loss(x_hat, x, reduction="none", delta=self.delta)
        return 255**2 * loss.mean(dim=(1, 2, 3))
