"""A Gaussian for every y, one group of channels after another.

Groups: Minnen & Singh, "Channel-wise autoregressive entropy models for learned image compression", ICIP 2020,
https://arxiv.org/abs/2007.08739. Checkerboards inside: He et al., CVPR 2022, https://arxiv.org/abs/2203.10886.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor

from litcodec.entropy import Quantised, Quantiser, gaussian_likelihood
from litcodec.errors import ShapeError
from litcodec.latent_models.base import CodedGiven, ConditionalModel, Latents
from litcodec.ops import lower_bound, round_about

LOG_SCALES = (-3.0, 6.0)  # beyond these, of 0.05 and 403, tables do not differ


class Gaussians(NamedTuple):
    """Of one group, (B, g, h, w) each."""

    scales: Tensor  # or their natural logarithms
    means: Tensor


class _Group(NamedTuple):
    """What is known of a group when it is quantised."""

    y: Tensor  # (B, g, h, w), not yet rounded
    gaussians: Callable[[Tensor], Gaussians]  # given y_hat of its own anchors; it sees nothing else
    refine: Callable[[Tensor], Tensor]  # rounded y -> y_hat, what decoder and later groups see
    has_anchors: bool


class GroupedModel(ConditionalModel):
    """Groups of channels one after the other, the first few of them as a checkerboard.

    In a checkerboard group the anchors are quantised first, with zeros for their own group, then the others,
    which see them. In training all positions of a group are taken at once: its own anchors are seen
    rounded about 0, because their means are not yet known.

    Args:
        groups: channels of each group, in coding order.
        checkerboards: how many groups, from the first, are coded as a checkerboard.
        log_scales: scales are predicted as their natural logarithms.

    Raises:
        ShapeError: if there is no group, a group is empty, or there are fewer than ``checkerboards``.
    """

    def __init__(self, groups: Sequence[int], *, checkerboards: int, log_scales: bool) -> None:
        super().__init__()
        if not groups or min(groups) < 1 or not 0 <= checkerboards <= len(groups):
            raise ShapeError(
                f"groups are one or more numbers of channels, checkerboards at most as many as groups; got "
                f"{list(groups)} and {checkerboards}."
            )
        self.groups, self.checkerboards, self.log_scales = tuple(groups), checkerboards, log_scales
        self.before = (0, *accumulate(groups))

    @abstractmethod
    def known(self, k: int, hyper_params: Tensor, before: Tensor) -> Tensor:
        """What ``gaussians`` of group k needs of ``hyper_params`` and of y_hat of the groups ``before``."""

    @abstractmethod
    def gaussians(self, k: int, hyper_params: Tensor, known: Tensor, own: Tensor) -> Gaussians:
        """Scales and means of group k, given ``known`` and, at anchors, its ``own`` y_hat (B, g, h, w)."""

    def refine(self, k: int, hyper_params: Tensor, known: Tensor, y_hat: Tensor) -> Tensor:
        """Refine group k once all of it is rounded, ``y_hat`` (B, g, h, w); unchanged unless overridden."""
        return y_hat

    def forward(self, y: Tensor, hyper_params: Tensor, quantiser: Quantiser) -> CodedGiven:
        """Quantise ``y`` (B, M, h, w) and score it given ``hyper_params`` (B, C, h, w)."""

        def in_training(group: _Group) -> tuple[Quantised, Gaussians]:
            rounded = quantiser(group.y, group.y.new_zeros(())).for_decoder
            found = group.gaussians(rounded)
            quantised = quantiser(group.y, found.means)
            return quantised._replace(for_decoder=group.refine(quantised.for_decoder)), found

        quantised, (scales_hat, means_hat) = self._in_order(
            y, hyper_params, in_training if self.training else _rounded
        )
        likelihoods = gaussian_likelihood(quantised.for_rate - means_hat, scales_hat)
        return CodedGiven(quantised.for_decoder, likelihoods)

    def latents(self, y: Tensor, hyper_params: Tensor) -> Latents:
        """``y`` (B, M, h, w) with all that is predicted for it, as in eval mode."""
        _, (scales_hat, means_hat) = self._in_order(y, hyper_params, _rounded)
        return Latents(y, None, means_hat, scales_hat)

    def _gaussians(self, hyper_params: Tensor, y_hat: Tensor) -> tuple[Tensor, Tensor]:
        """Standard deviations and means of all positions, given all of y_hat."""
        _, (scales_hat, means_hat) = self._in_order(y_hat, hyper_params, _given)
        return scales_hat, means_hat

    def _in_order(
        self, y: Tensor, hyper_params: Tensor, quantise: Callable[[_Group], tuple[Quantised, Gaussians]]
    ) -> tuple[Quantised, Gaussians]:
        """Y quantised group by group; standard deviations and means, shaped like it."""
        quantised: list[Quantised] = []
        found: list[Gaussians] = []
        seen = y[:, :0]
        for k, g in enumerate(self.groups):
            known = self.known(k, hyper_params, seen)

            def gaussians(own: Tensor, k: int = k, known: Tensor = known) -> Gaussians:
                return self.gaussians(k, hyper_params, known, own)

            def refine(y_hat: Tensor, k: int = k, known: Tensor = known) -> Tensor:
                return self.refine(k, hyper_params, known, y_hat)

            of_y = y[:, self.before[k] : self.before[k] + g]
            group = _Group(of_y, gaussians, refine, k < self.checkerboards)
            of_group, predicted = quantise(group)
            quantised.append(of_group)
            found.append(predicted)
            seen = torch.cat([seen, of_group.for_decoder], dim=1)
        scales_hat, means_hat = (torch.cat(each, dim=1) for each in zip(*found, strict=True))
        if self.log_scales:
            low, high = LOG_SCALES
            scales_hat = lower_bound(scales_hat, low).clamp(max=high).exp()
        in_full = Quantised(*(torch.cat(each, dim=1) for each in zip(*quantised, strict=True)))
        return in_full, Gaussians(scales_hat, means_hat)


def _given(group: _Group) -> tuple[Quantised, Gaussians]:
    """Given y_hat, refined, for y."""
    return Quantised(group.y, group.y), group.gaussians(group.y)


def _rounded(group: _Group) -> tuple[Quantised, Gaussians]:
    """As in use: the anchors' means come first."""
    found = group.gaussians(torch.zeros_like(group.y))
    if group.has_anchors:
        found = group.gaussians(round_about(group.y, found.means))
    y_hat = round_about(group.y, found.means)
    return Quantised(y_hat, group.refine(y_hat)), found
