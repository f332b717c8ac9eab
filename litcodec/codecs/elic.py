"""Attention transforms, and uneven channel groups, each a checkerboard conditioned on earlier groups.

He, Yang, Peng, Ma, Qin, Wang, "ELIC: efficient learned image compression with unevenly grouped space-channel
contextual adaptive coding", CVPR 2022. https://arxiv.org/abs/2203.10886
"""

from collections.abc import Sequence

from litcodec.codecs.base import TransformCodec
from litcodec.entropy import Quantiser
from litcodec.errors import ShapeError
from litcodec.latent_models import AggregatedGroupModel, HyperpriorModel
from litcodec.transforms import (
    bottleneck_analysis,
    bottleneck_synthesis,
    initialise,
    keep_variance,
    relu_hyper_analysis,
    relu_hyper_synthesis,
)


class Elic(TransformCodec):
    """A Gaussian for every y, from the side information z, the groups of channels before, and y about it.

    ::

        x -> g_a -> y --+---> quantise ----> y_hat ---------+--> g_s -> x_hat
                        |         ^           |             |
                        |         |    groups before    its group's anchors
                        |         |           v             v
                        |  scales, means  channel[k]    spatial[k]
                        |         |           v             v
                        |         +------- aggregation[k] <-+
                        |                     ^
                        +-> h_a -> z -> quantise -> z_hat -> h_s

    Coding takes two steps a group: anchors (row + column even), then the others.

    Args:
        N: width of the transforms and channels of z; at least 2.
        M: channels of y.
        groups: channels of each group of y but the last, in coding order; the last has the rest of M.
        context: channels after the first and second convolution of the channel context.
        quantiser: the training stand-in for rounding; mixed if not given.

    Raises:
        ShapeError: if N or M is not a width, M leaves nothing for the last group, or ``context`` is not two
            numbers.
    """

    def __init__(
        self,
        *,
        N: int = 192,
        M: int = 320,
        groups: Sequence[int] = (16, 16, 32, 64),
        context: Sequence[int] = (224, 128),
        quantiser: Quantiser | None = None,
    ) -> None:
        if sum(groups) >= M:
            raise ShapeError(f"groups {list(groups)} leave none of M={M} channels for the last group.")
        if len(context) != 2:
            raise ShapeError(f"the channel context has two inner widths; got {list(context)}.")
        g_a, g_s = bottleneck_analysis(N=N, M=M), bottleneck_synthesis(N=N, M=M)
        h_a, h_s = relu_hyper_analysis(N=N, M=M), relu_hyper_synthesis(N=N, M=M)
        inner = context[0], context[1]
        y_model = AggregatedGroupModel((*groups, M - sum(groups)), hyper=2 * M, context=inner)
        initialise(g_a, g_s, h_a, h_s)
        keep_variance(*y_model.sequentials())
        latent_model = HyperpriorModel(h_a=h_a, h_s=h_s, M=M, N=N, y_model=y_model, quantiser=quantiser)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=latent_model)
