"""Stochastic Gumbel annealing (SGA): a latent drawn from the two integers about it, with gradients.

Yang, Bamler, Mandt, "Improving inference for neural image compression", NeurIPS 2020,
https://arxiv.org/abs/2006.04240. Probabilities: the linear ones of Perugachi-Diaz, Gansekoele, Bhulai,
"Robustly overfitting latents for flexible neural image compression", 2024, https://arxiv.org/abs/2401.17789.
"""

import torch
from torch import Tensor

from litcodec.entropy import Quantised, Quantiser

EDGE = 1e-4  # distances to an integer below it have no finite logarithm in float32


class GumbelQuantiser(Quantiser):
    """Draws one of the two integers about a residual, softly; the colder, the more surely the nearer one.

    A residual f + l, with f an integer and 0 <= l < 1, becomes f + 1 with the probability
    ``l^(1/t) / (l^(1/t) + (1 - l)^(1/t))`` at temperature t, otherwise f. What is drawn is a Gumbel-softmax
    sample of the same temperature, which lies between the two.

    Args:
        seed: of the draws, which are the same on every device.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.temperature = 1.0
        self._draws = torch.Generator().manual_seed(seed)

    def _train(self, v: Tensor, means: Tensor) -> Quantised:
        residual = v - means
        below = residual.detach().floor()
        distance = (residual - below).clamp(EDGE, 1 - EDGE)
        uniform = torch.rand(residual.shape, generator=self._draws).clamp(1e-6, 1 - 1e-6).to(v.device)
        # Of two classes the difference of their Gumbel noises alone matters, which is logistic.
        chance = distance.logit() / self.temperature + uniform.logit()
        drawn = below + torch.sigmoid(chance / self.temperature) + means
        return Quantised(drawn, drawn)
