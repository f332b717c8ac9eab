"""A Gaussian for every y, given the hyper-parameters and the groups of channels decoded before it.

He, Yang, Peng, Ma, Qin, Wang, "ELIC: efficient learned image compression with unevenly grouped space-channel
contextual adaptive coding", CVPR 2022, https://arxiv.org/abs/2203.10886; groups after Minnen & Singh, ICIP
2020, https://arxiv.org/abs/2007.08739.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.entropy import Quantised, Quantiser, gaussian_likelihood
from litcodec.errors import ShapeError
from litcodec.latent_coding import ChannelGroupCoder, checkerboard_anchors
from litcodec.latent_coding.frozen_net import frozen_copy
from litcodec.latent_models.base import CodedGiven, ConditionalModel, Latents
from litcodec.ops import lower_bound, round_about

LOG_SCALES = (-3.0, 6.0)  # beyond these, of 0.05 and 403, tables do not differ


class GroupConv2d(nn.Conv2d):
    """A 3x3 convolution that sees, of its last ``own`` input channels, only the four direct neighbours.

    Args:
        before: input channels that it sees wholly.
        own: the others, those of the group itself, of which checkerboard anchors are known.
        out_channels: C of what goes out.
    """

    def __init__(self, before: int, own: int, out_channels: int) -> None:
        super().__init__(before + own, out_channels, 3, padding=1)
        self.before = before

    def masked_weight(self) -> Tensor:
        """The weight with the taps it has not set to 0."""
        rows, columns = (torch.arange(3, device=self.weight.device) for _ in range(2))
        visible = (rows[:, None] + columns) % 2 == 1
        return torch.cat([self.weight[:, : self.before], self.weight[:, self.before :] * visible], dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, before + own, h, w) -> (B, C, h, w)."""
        return F.conv2d(x, self.masked_weight(), self.bias, padding=1)


class _Group(NamedTuple):
    """What is known of a group when it is quantised."""

    y: Tensor  # (B, g, h, w), not yet rounded
    gaussians: Callable[[Tensor], tuple[Tensor, Tensor]]  # y_hat of its anchors -> its log-scales and means
    has_anchors: bool


class ChannelGroupModel(ConditionalModel):
    """Groups of channels one after the other, the first few of them as a checkerboard.

    ::

        hyper_params (B, 2M + features, h, w) = log-scales, means, features
        log-scales, means of group k  =  those of hyper_params  +  nets[k](features, y_hat of groups before k,
                                                                            anchors of group k's own y_hat)

    In a checkerboard group the anchors are quantised first, with zeros for their own group, then the others,
    which see them. In training all positions of a group are taken at once: its own anchors are seen
    rounded about 0, because their means are not yet known.

    Args:
        groups: channels of each group, in coding order.
        features: channels of ``hyper_params`` after log-scales and means, for the networks alone.
        width: channels inside the networks.
        checkerboards: how many groups, from the first, are coded as a checkerboard.

    Raises:
        ShapeError: if there is no group, a group is empty, or there are fewer than ``checkerboards``.
    """

    def __init__(self, groups: Sequence[int], *, features: int, width: int, checkerboards: int) -> None:
        super().__init__()
        if not groups or min(groups) < 1 or not 0 <= checkerboards <= len(groups):
            raise ShapeError(
                f"groups are one or more numbers of channels, checkerboards at most as many as groups; got "
                f"{list(groups)} and {checkerboards}."
            )
        self.groups, self.checkerboards, self.features = tuple(groups), checkerboards, features
        self.before = (0, *accumulate(groups))
        self.nets = nn.ModuleList(
            nn.Sequential(
                GroupConv2d(features + self.before[k], g if k < checkerboards else 0, width),
                nn.LeakyReLU(),
                nn.Conv2d(width, width, 1),
                nn.LeakyReLU(),
                nn.Conv2d(width, 2 * g, 1),
            )
            for k, g in enumerate(groups)
        )

    def sequentials(self) -> list[nn.Sequential]:
        """The networks, in coding order."""
        return [net for net in self.nets if isinstance(net, nn.Sequential)]

    def forward(self, y: Tensor, hyper_params: Tensor, quantiser: Quantiser) -> CodedGiven:
        """See ``ConditionalModel``."""

        def in_training(group: _Group) -> tuple[Quantised, Tensor, Tensor]:
            rounded = quantiser(group.y, group.y.new_zeros(())).for_decoder
            log_scales, means_hat = group.gaussians(rounded)
            return quantiser(group.y, means_hat), log_scales, means_hat

        quantised, scales_hat, means_hat = self._in_order(
            y, hyper_params, in_training if self.training else _rounded
        )
        likelihoods = gaussian_likelihood(quantised.for_rate - means_hat, scales_hat)
        return CodedGiven(quantised.for_decoder, likelihoods)

    def latents(self, y: Tensor, hyper_params: Tensor) -> Latents:
        """See ``ConditionalModel``."""
        _, scales_hat, means_hat = self._in_order(y, hyper_params, _rounded)
        return Latents(y, None, means_hat, scales_hat)

    def freeze(self) -> ChannelGroupCoder:
        """See ``ConditionalModel``."""
        nets = [frozen_copy(net) for net in self.sequentials()]
        for net in nets:
            first = net[0]
            assert isinstance(first, GroupConv2d)
            with torch.no_grad():
                first.weight.copy_(first.masked_weight())
        return ChannelGroupCoder.from_float(nets, checkerboards=self.checkerboards)

    def restore(self, tensors: Mapping[str, Tensor]) -> ChannelGroupCoder:
        """See ``ConditionalModel``."""
        nets = [copy.deepcopy(net) for net in self.sequentials()]
        return ChannelGroupCoder.from_tensors(nets, tensors, checkerboards=self.checkerboards)

    def _gaussians(self, hyper_params: Tensor, y_hat: Tensor) -> tuple[Tensor, Tensor]:
        """Standard deviations and means of all positions, given all of y_hat."""
        _, scales_hat, means_hat = self._in_order(y_hat, hyper_params, _known)
        return scales_hat, means_hat

    def _in_order(
        self,
        y: Tensor,
        hyper_params: Tensor,
        quantise: Callable[[_Group], tuple[Quantised, Tensor, Tensor]],
    ) -> tuple[Quantised, Tensor, Tensor]:
        """Y quantised group by group; standard deviations and means, shaped like it."""
        M = self.before[-1]
        log_scales, means, seen = torch.split(hyper_params, [M, M, hyper_params.shape[1] - 2 * M], dim=1)
        found = []
        for k, (net, g) in enumerate(zip(self.nets, self.groups, strict=True)):
            part = slice(self.before[k], self.before[k] + g)
            has_anchors = k < self.checkerboards

            def gaussians(
                y_hat: Tensor,
                net: nn.Module = net,
                part: slice = part,
                known: Tensor = seen,
                has_anchors: bool = has_anchors,
            ) -> tuple[Tensor, Tensor]:
                if has_anchors:
                    known = torch.cat([known, y_hat * checkerboard_anchors(y_hat)], dim=1)
                more_scale, more_mean = net(known).chunk(2, dim=1)
                return log_scales[:, part] + more_scale, means[:, part] + more_mean

            found.append(quantise(_Group(y[:, part], gaussians, has_anchors)))
            seen = torch.cat([seen, found[-1][0].for_decoder], dim=1)
        quantised, logs, means_hat = zip(*found, strict=True)
        low, high = LOG_SCALES
        return (
            Quantised(*(torch.cat(each, dim=1) for each in zip(*quantised, strict=True))),
            lower_bound(torch.cat(logs, dim=1), low).clamp(max=high).exp(),
            torch.cat(means_hat, dim=1),
        )


def _known(group: _Group) -> tuple[Quantised, Tensor, Tensor]:
    """Given y_hat for y."""
    log_scales, means_hat = group.gaussians(group.y)
    return Quantised(group.y, group.y), log_scales, means_hat


def _rounded(group: _Group) -> tuple[Quantised, Tensor, Tensor]:
    """As in use: the anchors' means come first."""
    log_scales, means_hat = group.gaussians(torch.zeros_like(group.y))
    if group.has_anchors:
        log_scales, means_hat = group.gaussians(round_about(group.y, means_hat))
    y_hat = round_about(group.y, means_hat)
    return Quantised(y_hat, y_hat), log_scales, means_hat
