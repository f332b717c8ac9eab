"""What an encoder may ask for better latents."""

from typing import Protocol

from torch import Tensor

from litcodec.frozen.training_info import TrainingInfo


class Refiner(Protocol):
    """Finds latents that cost less than those of the analysis transform; see ``litcodec.refinement``."""

    def __call__(self, x: Tensor, y: Tensor, z_hat: Tensor, training: TrainingInfo) -> Tensor:
        """Refine the latents of one image.

        Args:
            x: (1, 3, H, W) in [0, 1].
            y: (1, M, h, w), as the latent coder takes it.
            z_hat: of ``y``, (1, N, h/s, w/s), as the decoder has it.
            training: what to minimise; lmbda and the objective are known.

        Returns:
            (1, M, h, w), to be coded given ``z_hat`` and rounded to the nearest.
        """
