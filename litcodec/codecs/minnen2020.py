"""Slices of channels, one after the other, each refined by what is left to predict once it is decoded.

Minnen & Singh, "Channel-wise autoregressive entropy models for learned image compression", ICIP 2020.
https://arxiv.org/abs/2007.08739
"""

from collections.abc import Sequence

from litcodec.codecs.base import TransformCodec
from litcodec.entropy import Quantiser
from litcodec.errors import ShapeError
from litcodec.latent_models import HyperpriorModel, RefinedGroupModel
from litcodec.transforms import (
    analysis,
    initialise,
    narrowing_hyper_analysis,
    synthesis,
    twin_hyper_synthesis,
)

SLICES_MAX = 64


class Minnen2020(TransformCodec):
    """A Gaussian for every y, from the side information z and from the slices of channels before.

    ::

        x -> g_a -> y --+---> quantise -> + lrp[k] -> y_hat -----> g_s -> x_hat
                        |         ^          ^          |
                        |  scales, means     |   the first slices
                        |         ^          |          v
                        |         +-- cc_scale[k], cc_mean[k]
                        |                     ^
                        +-> h_a -> z -> quantise -> z_hat -> h_s

    Coding takes one step a slice. Latent residual prediction (lrp) adds to a decoded slice an estimate
    of its rounding errors.

    Args:
        N: width of the transforms and channels of z.
        M: channels of y.
        slices: into how many of M / slices channels y is cut.
        support: how many slices, from the first, the later ones see at most.
        context: channels inside the networks of a slice, after their first and second convolution.
        quantiser: the training stand-in for rounding; mixed if not given.

    Raises:
        ShapeError: if N or M is not a width, the slices are not equal, or ``context`` is not two numbers.
    """

    def __init__(
        self,
        *,
        N: int = 192,
        M: int = 320,
        slices: int = 10,
        support: int = 5,
        context: Sequence[int] = (224, 128),
        quantiser: Quantiser | None = None,
    ) -> None:
        if not 1 <= slices <= SLICES_MAX or M % slices:
            raise ShapeError(
                f"slices are 1 to {SLICES_MAX}, of equal channels; got {slices} for M={M} channels."
            )
        if len(context) != 2:
            raise ShapeError(f"the networks of a slice have two inner widths; got {list(context)}.")
        g_a, g_s = analysis(N=N, M=M), synthesis(N=N, M=M)
        h_a, h_s = narrowing_hyper_analysis(N=N, M=M), twin_hyper_synthesis(N=N, M=M)
        inner = context[0], context[1]
        y_model = RefinedGroupModel([M // slices] * slices, support=support, context=inner)
        initialise(g_a, g_s, h_a, h_s)
        y_model.initialise()
        latent_model = HyperpriorModel(h_a=h_a, h_s=h_s, M=M, N=N, y_model=y_model, quantiser=quantiser)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=latent_model)
