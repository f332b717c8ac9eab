"""One learned density per channel, no side information.

Ballé, Laparra, Simoncelli, "End-to-end optimized image compression", ICLR 2017.
https://arxiv.org/abs/1611.01704
"""

from collections.abc import Mapping

from torch import Tensor

from litcodec.entropy import FactorizedDensity, Quantiser
from litcodec.latent_coding import FactorizedLatentCoder
from litcodec.latent_models.base import CodedLatents, LatentModel, Latents, quantiser_or_default


class FactorizedModel(LatentModel):
    """The likelihood of each y under its channel's density.

    Args:
        channels: M of y.
        quantiser: the training stand-in for rounding; mixed if not given.
    """

    stride = 1

    def __init__(self, channels: int, *, quantiser: Quantiser | None = None) -> None:
        super().__init__()
        self.channels = channels
        self.density = FactorizedDensity(channels)
        self.quantiser = quantiser_or_default(quantiser)

    def forward(self, y: Tensor) -> CodedLatents:
        """Quantise ``y`` (B, M, h, w) and score it."""
        quantised = self.quantiser(y, self.density.medians())
        return CodedLatents(quantised.for_decoder, (self.density(quantised.for_rate),))

    def latents(self, y: Tensor) -> Latents:
        """``y`` (B, M, h, w) with all that is predicted for it, as in eval mode."""
        return Latents(y)

    def freeze(self) -> FactorizedLatentCoder:
        """The exact coder of this model; raises ``FreezeError`` if weights are not finite."""
        return FactorizedLatentCoder.from_density("y", self.density)

    def restore(self, tensors: Mapping[str, Tensor]) -> FactorizedLatentCoder:
        """The coder whose tensors were read from a file; raises ``FreezeError`` if they do not fit."""
        return FactorizedLatentCoder.from_tensors("y", tensors, channels=self.channels)

    def fit_tables(self, tensors: Mapping[str, Tensor]) -> None:
        """Fit the density to the tables of y."""
        self.restore(tensors).fit(self.density)
