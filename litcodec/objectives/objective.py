"""The training objective R + lmbda * D, and the same for an encoder that has a choice."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from litcodec.errors import ObjectiveError
from litcodec.objectives.distortions import MSE, MSSSIM, Distortion
from litcodec.types import CodecOutput

# What one 1 - MS-SSIM weighs, in 255^2 * MSE: the middle of the ratios of the field's lmbdas.
MS_SSIM_PER_MSE = 1275.0


@dataclass(frozen=True)
class Term:
    """A distortion and its weight in the sum."""

    distortion: Distortion
    weight: float = 1.0


class NamedValue(NamedTuple):
    """A part of the objective, for the log."""

    name: str
    value: Tensor  # a scalar


class Loss(NamedTuple):
    """The objective of a batch and its parts: scalars, float32."""

    loss: Tensor  # rate + lmbda * distortion + auxiliary losses
    rate: Tensor  # estimated bits per pixel
    distortion: Tensor  # the weighted sum of distortions
    parts: tuple[NamedValue, ...]  # each distortion, not weighted; each auxiliary loss


class Objective:
    """Rate + lmbda * a weighted sum of distortions + the auxiliary losses that a codec reports.

    Training and the choices of a frozen codec's encoder both use it.

    Args:
        terms: the distortions and their weights, at least one.

    Raises:
        ObjectiveError: if there is no term, or a weight is not a number above 0.
    """

    def __init__(self, terms: list[Term]) -> None:
        if not terms:
            raise ObjectiveError("an objective has at least one distortion; got none.")
        for term in terms:
            if not 0 < term.weight < math.inf:
                raise ObjectiveError(
                    f"the weight of {term.distortion.label} is a number above 0; got {term.weight}."
                )
        self.terms = list(terms)

    @property
    def label(self) -> str:
        """Of all terms, for legends: "MSE", "MSE + MS-SSIM"."""
        return " + ".join(term.distortion.label for term in self.terms)

    @property
    def minimum_side(self) -> int:
        """Of an image that every distortion is defined for, in pixels."""
        return max(term.distortion.minimum_side for term in self.terms)

    def distortions(self, x_hat: Tensor, x: Tensor) -> tuple[Tensor, ...]:
        """Each term's distortion of each image, not weighted; float32 also under autocast.

        Args:
            x_hat: (B, 3, H, W).
            x: (B, 3, H, W) in [0, 1].

        Returns:
            (B,) for every term.

        Raises:
            ObjectiveError: if the images are too small for a distortion.
        """
        if min(x.shape[-2:]) < self.minimum_side:
            raise ObjectiveError(
                f"{self.label} needs sides of at least {self.minimum_side}; got {tuple(x.shape[-2:])}. "
                "Use larger patches."
            )
        with torch.autocast(x.device.type, enabled=False):
            return tuple(term.distortion.per_image(x_hat.float(), x.float()) for term in self.terms)

    def loss(
        self, output: CodecOutput, x: Tensor, *, lmbda: float | Tensor, weights: Tensor | None = None
    ) -> Loss:
        """What training minimises.

        Args:
            output: what the codec made of ``x``.
            x: the images, (B, 3, H, W) in [0, 1].
            lmbda: weight of the distortion; a tensor (B,) gives every image its own. The field's values are
                0.0018 0.0035 0.0067 0.0130 0.0250 0.0483 0.0932 0.1800 for MSE, 2.40 4.58 8.73 16.64 31.73
                60.50 115.37 220.00 for MS-SSIM.
            weights: (B,), of the images' losses in the mean; all 1 if not given. With lmbdas (B,) only.

        Returns:
            Rate and distortion are means over the images, whatever their ``weights``.

        Raises:
            ObjectiveError: if the images are too small for a distortion.
        """
        x_hat = output.x_hat
        preserved = getattr(output, "preserved", None)
        if preserved is not None:
            x_hat = torch.where(preserved, x_hat, x.to(x_hat.dtype))
        found = self.distortions(x_hat, x)
        of_each = self._sum(found)
        auxiliary = [NamedValue(name, value) for name, value in getattr(output, "losses", ())]
        if isinstance(lmbda, Tensor):
            rates = bits_per_pixel_of_each(output)
            losses = rates + lmbda * of_each
            loss, rate = (losses if weights is None else weights * losses).mean(), rates.mean()
        else:
            rate = bits_per_pixel(output)
            loss = rate + lmbda * of_each.mean()
        for named in auxiliary:
            loss = loss + named.value.float()
        parts = [NamedValue(t.distortion.label, d.mean()) for t, d in zip(self.terms, found, strict=True)]
        return Loss(loss, rate, of_each.mean(), (*parts, *auxiliary))

    @torch.no_grad()
    def cost(self, bits_per_pixel: float, x_hat: Tensor, x: Tensor, lmbda: float) -> float:
        """``R + lmbda * D`` of one decoded image, with the bits of real strings.

        Args:
            bits_per_pixel: of all strings, per pixel of ``x``.
            x_hat: what is decoded, (1, 3, H, W) in [0, 1].
            x: (1, 3, H, W) in [0, 1], no side under ``minimum_side``; on any device.
            lmbda: weight of the distortion.
        """
        found = self.distortions(x_hat, x.to(x_hat.device))
        return bits_per_pixel + lmbda * float(self._sum(found).double())

    def _sum(self, distortions: Sequence[Tensor]) -> Tensor:
        """Weighted, (B,)."""
        weighted = [term.weight * d for term, d in zip(self.terms, distortions, strict=True)]
        return torch.stack(weighted).sum(dim=0)


def mse() -> Objective:
    """``R + lmbda * 255^2 * MSE``."""
    return Objective([Term(MSE())])


def ms_ssim() -> Objective:
    """``R + lmbda * (1 - MS-SSIM)``; patches of 161 pixels or more."""
    return Objective([Term(MSSSIM())])


def mixed() -> Objective:
    """0.8 of MSE and 0.2 of MS-SSIM, for values of lmbda as of ``mse``.

    At the least MSE a little more of it costs next to nothing, while MS-SSIM gains in proportion.
    """
    return Objective([Term(MSE(), 0.8), Term(MSSSIM(), 0.2 * MS_SSIM_PER_MSE)])


def bits_per_pixel(output: CodecOutput) -> Tensor:
    """Estimated bits per true pixel of a batch, a float32 scalar."""
    B, _, H, W = output.x_hat.shape
    bits = sum(
        (likelihoods.log().sum() for likelihoods in output.likelihoods),
        start=torch.zeros((), device=output.x_hat.device),
    )
    return bits / (-math.log(2) * B * H * W)


def bits_per_pixel_of_each(output: CodecOutput) -> Tensor:
    """Estimated bits per true pixel of each image, (B,), where every latent has B of them."""
    H, W = output.x_hat.shape[2:]
    logs = torch.stack([likelihoods.log().flatten(1).sum(dim=1) for likelihoods in output.likelihoods])
    return logs.sum(dim=0) / (-math.log(2) * H * W)
