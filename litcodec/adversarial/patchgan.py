"""A discriminator of patches, conditional on the latent.

Mentzer, Toderici, Tschannen, Agustsson, "High-fidelity generative image compression", NeurIPS 2020.
https://arxiv.org/abs/2006.09965
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from litcodec.adversarial.discriminator import Discriminator, Judgement
from litcodec.errors import ShapeError
from litcodec.layers import check_width

SLOPE = 0.2


class PatchDiscriminator(Discriminator):
    """4x4 convolutions with leaky ReLUs; every output scores one patch.

    ::

        y_hat -> conv 3x3 -> leaky ReLU -> upsample --+
                                                      v
        x ----------------------------------------> concat -> conv 4x4 ... -> scores

    Args:
        M: channels of y_hat, on which scores are conditional; 0: they are not.
        widths: channels after each layer but the last.
        strided: how many of these layers, from the first, have stride 2.
        condition: channels that y_hat is mapped to.
        spectral: whether every layer's weights are divided by their largest singular value.
        detail: gain of ``2 * (x - mean of 5x5 pixels)``, shown in three channels more; 0: they are not. Fine
            texture, which is faint in x, is then judged from the first steps on.

    Raises:
        ShapeError: if a width is none, ``strided`` is not 0 to the number of widths, or ``detail`` below 0.
    """

    def __init__(
        self,
        M: int = 0,
        *,
        widths: Sequence[int] = (64, 128, 256, 512),
        strided: int = 3,
        condition: int = 12,
        spectral: bool = True,
        detail: float = 0.0,
    ) -> None:
        super().__init__()
        check_width(*widths, condition)
        if not 0 <= strided <= len(widths):
            raise ShapeError(f"strided counts layers, 0 to {len(widths)}; got {strided}.")
        if not 0 <= detail < math.inf:
            raise ShapeError(f"detail is a gain of 0 or more; got {detail}.")
        self.M, self.detail = M, detail
        self.condition = _normalised(nn.Conv2d(M, condition, 3, padding=1), spectral) if M else None
        channels = [3 + (3 if detail else 0) + (condition if M else 0), *widths, 1]
        self.layers = nn.ModuleList(
            _normalised(nn.Conv2d(channels[k], channels[k + 1], 4, 2 if k < strided else 1), spectral)
            for k in range(len(channels) - 1)
        )

    def forward(self, x: Tensor, y_hat: Tensor | None) -> Judgement:
        """Score every patch of images (B, 3, H, W), given ``y_hat`` (B, M, h, w) if it is conditional.

        Raises:
            ShapeError: if it is conditional, and y_hat is missing or has other channels.
        """
        v = 2 * x - 1
        if self.detail:
            around = F.avg_pool2d(v, 5, stride=1, padding=2, count_include_pad=False)
            v = torch.cat([v, self.detail * (v - around)], dim=1)
        if self.condition is not None:
            v = torch.cat([v, self._condition(x, y_hat)], dim=1)
        features = []
        for layer in self.layers:
            after = 1 if layer.stride == (2, 2) else 2  # h and w stay whole fractions of H and W
            v = layer(F.pad(v, (1, after, 1, after)))
            if layer is not self.layers[-1]:
                v = F.leaky_relu(v, SLOPE)
                features.append(v)
        return Judgement((v,), (tuple(features),))

    def _condition(self, x: Tensor, y_hat: Tensor | None) -> Tensor:
        if y_hat is None or y_hat.shape[1] != self.M:
            found = "the codec gives none" if y_hat is None else f"the codec's has {y_hat.shape[1]}"
            raise ShapeError(
                f"the discriminator is conditional on a y_hat of M={self.M} channels; {found}. Set "
                "model.discriminator.init_args.M to the codec's M, or to 0."
            )
        assert self.condition is not None
        mapped = F.leaky_relu(self.condition(y_hat), SLOPE)
        return F.interpolate(mapped, size=x.shape[2:], mode="nearest")


def _normalised(layer: nn.Conv2d, spectral: bool) -> nn.Module:
    return spectral_norm(layer) if spectral else layer
