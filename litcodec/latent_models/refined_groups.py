"""Groups of channels that are refined once they are decoded, by latent residual prediction.

Minnen & Singh, "Channel-wise autoregressive entropy models for learned image compression", ICIP 2020.
https://arxiv.org/abs/2007.08739
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from litcodec.errors import ShapeError
from litcodec.latent_coding import ChannelGroupCoder, RefinedGroups, RefinedNets
from litcodec.latent_coding.frozen_net import frozen_copy
from litcodec.latent_models.grouped import Gaussians, GroupedModel
from litcodec.layers import conv, convolutions_of
from litcodec.transforms import keep_variance

LARGEST_CHANGE = 0.5  # no rounding error is larger


class RefinedGroupModel(GroupedModel):
    """Groups without checkerboards, of which later ones see the first few.

    ::

        hyper_params (B, 2M, h, w) = of_scales, of_means;  seen = y_hat of the first groups before k
        scales of group k = cc_scale[k](of_scales, seen)
        means of group k  = cc_mean[k](of_means, seen)
        y_hat of group k  = rounded + 0.5 * tanh(lrp[k](of_means, seen, rounded))

    Every network is two 5x5 convolutions and one of 3x3. In training y_hat is refined as in use.

    Args:
        groups: channels of each group, in coding order.
        support: how many groups, from the first, are seen by those after them.
        context: channels after the first and after the second convolution of a network.

    Raises:
        ShapeError: if there is no group, a number of channels is none, or ``support`` is below 0.
    """

    def __init__(self, groups: Sequence[int], *, support: int, context: tuple[int, int]) -> None:
        super().__init__(groups, checkerboards=0, log_scales=False)
        if support < 0:
            raise ShapeError(f"support is a number of groups, 0 or more; got {support}.")
        self.support = support
        M = sum(groups)
        seen = [self.before[min(k, support)] for k in range(len(groups))]
        self.cc_scale = nn.ModuleList(_network(M + s, g, context) for s, g in zip(seen, groups, strict=True))
        self.cc_mean = nn.ModuleList(_network(M + s, g, context) for s, g in zip(seen, groups, strict=True))
        self.lrp = nn.ModuleList(_network(M + s + g, g, context) for s, g in zip(seen, groups, strict=True))

    def initialise(self) -> None:
        """Weights to start from; predictions of residuals start a tenth as wide as what they see."""
        for net in self.nets():
            keep_variance(*net)
            with torch.no_grad():
                convolutions_of(net.lrp)[-1].weight.mul_(0.1)

    def known(self, k: int, hyper_params: Tensor, before: Tensor) -> Tensor:
        """Y_hat of the first ``support`` groups, of those that are decoded ``before``."""
        return before[:, : self.before[min(k, self.support)]]

    def gaussians(self, k: int, hyper_params: Tensor, known: Tensor, own: Tensor) -> Gaussians:
        """Scales and means of group k, (B, g, h, w), each by a network of its own."""
        of_scales, of_means = hyper_params.chunk(2, dim=1)
        scales = self.cc_scale[k](torch.cat([of_scales, known], dim=1))
        return Gaussians(scales, self.cc_mean[k](torch.cat([of_means, known], dim=1)))

    def refine(self, k: int, hyper_params: Tensor, known: Tensor, y_hat: Tensor) -> Tensor:
        """Add the latent residual that is predicted for group k to ``y_hat`` (B, g, h, w)."""
        of_means = hyper_params.chunk(2, dim=1)[1]
        change = self.lrp[k](torch.cat([of_means, known, y_hat], dim=1))
        return y_hat + LARGEST_CHANGE * torch.tanh(change)

    def freeze(self) -> ChannelGroupCoder:
        """The exact coder of this model; raises ``FreezeError`` if weights are not finite."""
        exact = RefinedGroups.from_float(frozen_copy(self).nets(), support=self.support)
        return ChannelGroupCoder.of(exact, log_scales=False)

    def restore(self, tensors: Mapping[str, Tensor]) -> ChannelGroupCoder:
        """The coder whose tensors were read from a file; raises ``FreezeError`` if they do not fit."""
        exact = RefinedGroups.from_tensors(self.nets(), tensors, support=self.support)
        return ChannelGroupCoder.from_tensors(exact, tensors, log_scales=False)

    def nets(self) -> list[RefinedNets]:
        """The networks of each group as the coder takes them."""
        found = []
        for scale, mean, lrp in zip(self.cc_scale, self.cc_mean, self.lrp, strict=True):
            assert isinstance(scale, nn.Sequential)
            assert isinstance(mean, nn.Sequential)
            assert isinstance(lrp, nn.Sequential)
            found.append(RefinedNets(scale, mean, lrp))
        return found


def _network(seen: int, g: int, widths: tuple[int, int]) -> nn.Sequential:
    first, second = widths
    return nn.Sequential(
        conv(seen, first, stride=1),
        nn.ReLU(inplace=True),
        conv(first, second, stride=1),
        nn.ReLU(inplace=True),
        conv(second, g, kernel_size=3, stride=1),
    )
