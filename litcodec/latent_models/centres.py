"""Latents that take a few values, so that the number of symbols bounds the rate.

Agustsson, Tschannen, Mentzer, Timofte, Van Gool, "Generative adversarial networks for extreme learned image
compression", ICCV 2019. https://arxiv.org/abs/1804.02958
"""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor

from litcodec.entropy import CategoricalDensity, categorical_tables, log_pmf
from litcodec.errors import FreezeError, ShapeError
from litcodec.latent_coding import CentresLatentCoder
from litcodec.latent_models.base import CodedLatents, LatentModel, Latents
from litcodec.layers import check_width
from litcodec.ops import nearest_centre


class CentresModel(LatentModel):
    """Every y is rounded to one of a few whole numbers, whose probabilities its channel learns.

    The rate does not shape y: no gradient flows from likelihoods into it. Probabilities start equal, at
    ``log2(centres)`` bits for each y.

    Args:
        channels: M of y.
        centres: how many values a y takes, an odd number about 0.

    Raises:
        ShapeError: if ``centres`` is even, below 3 or above 255.
    """

    stride = 1

    def __init__(self, channels: int, *, centres: int = 5) -> None:
        super().__init__()
        if centres % 2 == 0 or not 3 <= centres <= 255:
            raise ShapeError(f"the number of centres is odd, 3 to 255; got {centres}.")
        check_width(channels)
        self.channels, self.radius = channels, centres // 2
        self.density = CategoricalDensity(channels, self.radius)

    def forward(self, y: Tensor) -> CodedLatents:
        """Quantise ``y`` (B, M, h, w) and score it."""
        y_hat = nearest_centre(y, self.radius)
        return CodedLatents(y_hat, (self.density(y_hat),))

    def latents(self, y: Tensor) -> Latents:
        """Y before rounding, clamped to the outermost centres, (B, M, h, w)."""
        return Latents(y.clamp(-self.radius, self.radius), centre=y.new_zeros(1, self.channels, 1, 1))

    def freeze(self) -> CentresLatentCoder:
        """The exact coder of this model; raises ``FreezeError`` if weights are not finite."""
        exact = copy.deepcopy(self.density).cpu().double()
        if not exact.logits.isfinite().all():
            raise FreezeError("weight density.logits is not finite; the codec has diverged.")
        tables = categorical_tables(exact.pmf().detach(), -self.radius)
        return CentresLatentCoder.from_tables("y", tables, self.radius)

    def restore(self, tensors: Mapping[str, Tensor]) -> CentresLatentCoder:
        """The coder whose tensors were read from a file; raises ``FreezeError`` if they do not fit."""
        return CentresLatentCoder.from_tensors("y", tensors, channels=self.channels, radius=self.radius)

    def fit_tables(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the probabilities from the tables of y."""
        tables = self.restore(tensors).inner.tables
        with torch.no_grad():
            self.density.logits.copy_(log_pmf(tables, -self.radius, self.radius))
