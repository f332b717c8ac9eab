"""Groups of channels, each with a network that corrects what h_s predicts for it.

He, Yang, Peng, Ma, Qin, Wang, "ELIC: efficient learned image compression with unevenly grouped space-channel
contextual adaptive coding", CVPR 2022, https://arxiv.org/abs/2203.10886; groups after Minnen & Singh, ICIP
2020, https://arxiv.org/abs/2007.08739. ELIC's own networks: ``aggregated_groups.py``.
"""

import copy
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from litcodec.latent_coding import ChannelGroupCoder, ResidualGroups, checkerboard_anchors
from litcodec.latent_coding.frozen_net import frozen_copy
from litcodec.latent_models.grouped import Gaussians, GroupedModel


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


class ChannelGroupModel(GroupedModel):
    """Log-scales and means predicted by h_s, corrected given what is decoded before.

    ::

        hyper_params (B, 2M + features, h, w) = log-scales, means, features
        log-scales, means of group k  =  those of hyper_params  +  nets[k](features, y_hat of groups before k,
                                                                            anchors of group k's own y_hat)

    Args:
        groups: channels of each group, in coding order.
        features: channels of ``hyper_params`` after log-scales and means, for the networks alone.
        width: channels inside the networks.
        checkerboards: how many groups, from the first, are coded as a checkerboard.

    Raises:
        ShapeError: if there is no group, a group is empty, or there are fewer than ``checkerboards``.
    """

    def __init__(self, groups: Sequence[int], *, features: int, width: int, checkerboards: int) -> None:
        super().__init__(groups, checkerboards=checkerboards, log_scales=True)
        self.features = features
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

    def known(self, k: int, hyper_params: Tensor, before: Tensor) -> Tensor:
        """The part of ``hyper_params`` that is neither scale nor mean, and y_hat of the groups ``before``."""
        return torch.cat([hyper_params[:, 2 * self.before[-1] :], before], dim=1)

    def gaussians(self, k: int, hyper_params: Tensor, known: Tensor, own: Tensor) -> Gaussians:
        """Log-scales and means of group k, (B, g, h, w): ``hyper_params`` plus a network's residual."""
        if k < self.checkerboards:
            known = torch.cat([known, own * checkerboard_anchors(own)], dim=1)
        more_scale, more_mean = self.nets[k](known).chunk(2, dim=1)
        log_scales, means = hyper_params[:, : 2 * self.before[-1]].chunk(2, dim=1)
        part = slice(self.before[k], self.before[k + 1])
        return Gaussians(log_scales[:, part] + more_scale, means[:, part] + more_mean)

    def freeze(self) -> ChannelGroupCoder:
        """The exact coder of this model; raises ``FreezeError`` if weights are not finite."""
        nets = [frozen_copy(net) for net in self.sequentials()]
        for net in nets:
            first = net[0]
            assert isinstance(first, GroupConv2d)
            with torch.no_grad():
                first.weight.copy_(first.masked_weight())
        exact = ResidualGroups.from_float(nets, checkerboards=self.checkerboards)
        return ChannelGroupCoder.of(exact, log_scales=True)

    def restore(self, tensors: Mapping[str, Tensor]) -> ChannelGroupCoder:
        """The coder whose tensors were read from a file; raises ``FreezeError`` if they do not fit."""
        nets = [copy.deepcopy(net) for net in self.sequentials()]
        exact = ResidualGroups.from_tensors(nets, tensors, checkerboards=self.checkerboards)
        return ChannelGroupCoder.from_tensors(exact, tensors, log_scales=True)
