"""A second latent z, coded first, from which hyper-parameters of y are predicted.

Ballé, Minnen, Singh, Hwang, Johnston, "Variational image compression with a scale hyperprior", ICLR 2018.
https://arxiv.org/abs/1802.01436
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from litcodec.entropy import FactorizedDensity, FixedPointNet, Quantiser
from litcodec.latent_coding import FactorizedLatentCoder, HyperpriorLatentCoder, downsampled_by, net_from
from litcodec.latent_coding.frozen_net import frozen_copy, loaded_copy
from litcodec.latent_models.base import (
    CodedLatents,
    ConditionalModel,
    LatentModel,
    Latents,
    quantiser_or_default,
)
from litcodec.layers import name_flat
from litcodec.ops import round_about


class HyperpriorModel(LatentModel):
    """``y -> h_a -> z -> quantise -> z_hat -> h_s -> hyper_params``, and y given these.

    Args:
        h_a: hyper-analysis, y (B, M, h, w) -> z (B, N, h/s, w/s) for any whole s.
        h_s: hyper-synthesis, z_hat -> hyper-parameters (B, C, h, w); convolutions and (leaky) ReLUs, which
            have an exact fixed-point form.
        M: channels of y.
        N: channels of z.
        y_model: models y given the hyper-parameters.
        quantiser: the training stand-in for rounding; mixed if not given.
        of_magnitudes: whether h_a sees the magnitudes of y.
    """

    def __init__(
        self,
        *,
        h_a: nn.Sequential,
        h_s: nn.Sequential,
        M: int,
        N: int,
        y_model: ConditionalModel,
        quantiser: Quantiser | None = None,
        of_magnitudes: bool = False,
    ) -> None:
        super().__init__()
        self.channels, self.of_magnitudes = M, of_magnitudes
        self.h_a, self.h_s, self.y_model = h_a, h_s, y_model
        name_flat(self, "y_model")
        self.density = FactorizedDensity(N)
        self.quantiser = quantiser_or_default(quantiser)
        self._stride: int | None = None

    @property
    def stride(self) -> int:
        """The stride of h_a, found by running it once."""
        if self._stride is None:
            like = next(self.h_a.parameters()).new_empty(1, self.channels, 0, 0)
            self._stride = downsampled_by(self.h_a.forward, like).stride
        return self._stride

    def forward(self, y: Tensor) -> CodedLatents:
        """Quantise ``y`` (B, M, h, w) and score it."""
        z = self.quantiser(self._hyper_analysis(y), self.density.medians())
        given = self.y_model(y, self.h_s(z.for_decoder), self.quantiser)
        return CodedLatents(given.y_hat, (given.likelihoods, self.density(z.for_rate)))

    def code_given(self, y: Tensor, z_hat: Tensor, quantiser: Quantiser) -> CodedLatents:
        """``forward`` of ``y`` (B, M, h, w) with another quantiser, given ``z_hat``."""
        with torch.autocast(y.device.type, enabled=False):  # without gradients float32 costs little
            hyper_params = self.h_s(z_hat)
        given = self.y_model(y, hyper_params, quantiser)
        return CodedLatents(given.y_hat, (given.likelihoods,))

    def latents(self, y: Tensor) -> Latents:
        """``y`` (B, M, h, w) with all that is predicted for it, as in eval mode."""
        z = self._hyper_analysis(y)
        z_hat = round_about(z, self.density.medians())
        found: Latents = self.y_model.latents(y, self.h_s(z_hat))
        return found._replace(z=z)

    def freeze(self) -> HyperpriorLatentCoder:
        """The exact coder of this model; raises ``FreezeError`` if weights are not finite."""
        h_a, h_s = frozen_copy(self.h_a), FixedPointNet.from_float(frozen_copy(self.h_s))
        z_coder = FactorizedLatentCoder.from_density("z", self.density)
        return HyperpriorLatentCoder(
            h_a, h_s, z_coder, self.y_model.freeze(), of_magnitudes=self.of_magnitudes
        )

    def restore(self, tensors: Mapping[str, Tensor]) -> HyperpriorLatentCoder:
        """The coder whose tensors were read from a file; raises ``FreezeError`` if they do not fit."""
        h_a, h_s = loaded_copy(self.h_a, "h_a", tensors), net_from("h_s", self.h_s, tensors)
        z_coder = FactorizedLatentCoder.from_tensors("z", tensors, channels=h_s.channels)
        y_coder = self.y_model.restore(tensors)
        return HyperpriorLatentCoder(h_a, h_s, z_coder, y_coder, of_magnitudes=self.of_magnitudes)

    def fit_tables(self, tensors: Mapping[str, Tensor]) -> None:
        """Fit the density to the tables of z."""
        z_coder = FactorizedLatentCoder.from_tensors("z", tensors, channels=self.density.channels)
        z_coder.fit(self.density)
        self.y_model.fit_tables(tensors)

    def _hyper_analysis(self, y: Tensor) -> Tensor:
        z: Tensor = self.h_a(y.abs() if self.of_magnitudes else y)
        return z
