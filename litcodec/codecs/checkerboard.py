"""Half of the positions of y are conditioned on side information alone, the other half on them too.

He, Zheng, Sun, Wang, Qin, "Checkerboard context model for efficient learned image compression", CVPR 2021.
https://arxiv.org/abs/2103.15306
"""

from litcodec.codecs.base import TransformCodec
from litcodec.entropy import Quantiser
from litcodec.latent_models import ContextModel, HyperpriorModel
from litcodec.layers import CheckerboardConv2d, GDNForm, gdn_layer
from litcodec.transforms import (
    analysis,
    entropy_parameters,
    initialise,
    mean_scale_hyper_analysis,
    mean_scale_hyper_synthesis,
    synthesis,
)


class Checkerboard(TransformCodec):
    """A Gaussian for every y, from the side information z and, at every other position, from the y about it.

    ::

        x -> g_a -> y --+-----> quantise -> y_hat --+--> g_s -> x_hat
                        |           ^               v
                        |           |      anchors of y_hat, else 0
                        |           |               v
                        |           |      context_prediction
                        |           | means_hat,    |
                        |           | scales_hat    v
                        |           +----- entropy_parameters
                        |                           ^
                        +-> h_a -> z -> quantise -> z_hat -> h_s

    Positions where row + column is even are anchors. The context's taps hold neighbours of the other colour
    alone, so an anchor sees zeros, and one pass over anchors and zeros gives the parameters of all positions.
    Coding takes two steps, see ``latent_coding/coding_order.py``.

    Args:
        N: width of the transforms and channels of z.
        M: channels of y.
        gdn: "exact" or "simplified" normalisation.
        quantiser: the training stand-in for rounding; mixed if not given.

    Raises:
        ShapeError: if N or M is not a width.
    """

    def __init__(
        self,
        *,
        N: int = 192,
        M: int = 192,
        gdn: GDNForm = "exact",
        quantiser: Quantiser | None = None,
    ) -> None:
        g_a, g_s = analysis(N=N, M=M, gdn=gdn_layer(gdn)), synthesis(N=N, M=M, gdn=gdn_layer(gdn))
        h_a, h_s = mean_scale_hyper_analysis(N=N, M=M), mean_scale_hyper_synthesis(N=N, M=M)
        context_prediction, parameters = CheckerboardConv2d(M, 2 * M), entropy_parameters(M=M)
        initialise(g_a, g_s, h_a, h_s, parameters)
        y_model = ContextModel(context_prediction, parameters)
        latent_model = HyperpriorModel(h_a=h_a, h_s=h_s, M=M, N=N, y_model=y_model, quantiser=quantiser)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=latent_model)
