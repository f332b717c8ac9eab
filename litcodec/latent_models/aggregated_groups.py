"""Groups of channels whose Gaussians are predicted from side information, earlier groups and anchors.

He, Yang, Peng, Ma, Qin, Wang, "ELIC: efficient learned image compression with unevenly grouped space-channel
contextual adaptive coding", CVPR 2022. https://arxiv.org/abs/2203.10886
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from litcodec.latent_coding import AggregatedGroups, AggregatedNets, ChannelGroupCoder, checkerboard_anchors
from litcodec.latent_coding.frozen_net import frozen_copy
from litcodec.latent_models.grouped import Gaussians, GroupedModel
from litcodec.layers import CheckerboardConv2d, conv


class AggregatedGroupModel(GroupedModel):
    """All groups as checkerboards: the space-channel context of ELIC.

    ::

        scales, means of group k = aggregation[k](hyper_params,
                                                  channel[k](y_hat of the groups before k),
                                                  spatial[k](anchors of group k's own y_hat))

    ``channel[k]`` is three 5x5 convolutions, ``spatial[k]`` one that sees the other colour of the
    checkerboard alone, ``aggregation[k]`` three of 1x1. The first group has no ``channel``.

    Args:
        groups: channels of each group, in coding order.
        hyper: channels of ``hyper_params``.
        context: channels after the first and after the second convolution of ``channel``.

    Raises:
        ShapeError: if there is no group, or a number of channels is none.
    """

    def __init__(self, groups: Sequence[int], *, hyper: int, context: tuple[int, int]) -> None:
        super().__init__(groups, checkerboards=len(groups), log_scales=False)
        M = sum(groups)
        self.channel = nn.ModuleDict(
            {str(k): _channel_context(self.before[k], g, context) for k, g in enumerate(groups) if k}
        )
        self.spatial = nn.ModuleList(CheckerboardConv2d(g, 2 * g) for g in groups)
        self.aggregation = nn.ModuleList(
            _aggregation(hyper + (4 * g if k else 2 * g), M, g) for k, g in enumerate(groups)
        )

    def sequentials(self) -> list[nn.Sequential]:
        """The networks of convolutions that see all of their taps."""
        nets = (*self.channel.values(), *self.aggregation)
        return [net for net in nets if isinstance(net, nn.Sequential)]

    def known(self, k: int, hyper_params: Tensor, before: Tensor) -> Tensor:
        """``hyper_params`` (B, C, h, w), and what a network makes of the groups ``before``, if any."""
        return torch.cat([hyper_params, self.channel[str(k)](before)], dim=1) if k else hyper_params

    def gaussians(self, k: int, hyper_params: Tensor, known: Tensor, own: Tensor) -> Gaussians:
        """Scales and means of group k, (B, g, h, w), from its own anchors and ``known``."""
        spatial = self.spatial[k](own * checkerboard_anchors(own))
        scales, means = self.aggregation[k](torch.cat([known, spatial], dim=1)).chunk(2, dim=1)
        return Gaussians(scales, means)

    def freeze(self) -> ChannelGroupCoder:
        """The exact coder of this model; raises ``FreezeError`` if weights are not finite."""
        frozen = frozen_copy(self)  # raises if a weight is not finite, even one behind a mask
        return ChannelGroupCoder.of(AggregatedGroups.from_float(frozen.nets()), log_scales=False)

    def restore(self, tensors: Mapping[str, Tensor]) -> ChannelGroupCoder:
        """The coder whose tensors were read from a file; raises ``FreezeError`` if they do not fit."""
        nets = AggregatedGroups.from_tensors(self.nets(), tensors)
        return ChannelGroupCoder.from_tensors(nets, tensors, log_scales=False)

    def nets(self) -> list[AggregatedNets]:
        """The networks of each group as the coder takes them."""
        found = []
        for k in range(len(self.groups)):
            channel = self.channel[str(k)] if k else None
            spatial, aggregation = self.spatial[k], self.aggregation[k]
            assert channel is None or isinstance(channel, nn.Sequential)
            assert isinstance(spatial, CheckerboardConv2d)
            assert isinstance(aggregation, nn.Sequential)
            pointwise = nn.Sequential(spatial.pointwise())
            found.append(AggregatedNets(channel, pointwise, aggregation, spatial.offsets()))
        return found


def _channel_context(before: int, g: int, widths: tuple[int, int]) -> nn.Sequential:
    first, second = widths
    return nn.Sequential(
        conv(before, first, stride=1),
        nn.ReLU(inplace=True),
        conv(first, second, stride=1),
        nn.ReLU(inplace=True),
        conv(second, 2 * g, stride=1),
    )


def _aggregation(seen: int, M: int, g: int) -> nn.Sequential:
    """640 and 512 channels inside for the M=320 of the paper."""
    return nn.Sequential(
        conv(seen, 2 * M, kernel_size=1, stride=1),
        nn.ReLU(inplace=True),
        conv(2 * M, M * 8 // 5, kernel_size=1, stride=1),
        nn.ReLU(inplace=True),
        conv(M * 8 // 5, 2 * g, kernel_size=1, stride=1),
    )
