"""Residual transforms, with or without attention, before an autoregressive model of Gaussians or mixtures.

Cheng, Sun, Takeuchi, Katto, "Learned image compression with discretized Gaussian mixture likelihoods and
attention modules", CVPR 2020. https://arxiv.org/abs/2001.01568
"""

from litcodec.codecs.base import TransformCodec
from litcodec.coding import COMPONENTS_MAX
from litcodec.entropy import Quantiser
from litcodec.errors import ShapeError
from litcodec.latent_models import ContextMixtureModel, ContextModel, HyperpriorModel
from litcodec.layers import CausalConv2d
from litcodec.transforms import (
    entropy_parameters,
    initialise,
    residual_analysis,
    residual_hyper_analysis,
    residual_hyper_synthesis,
    residual_synthesis,
)


class Cheng2020(TransformCodec):
    """K Gaussians for every y, from the side information z and from the y before it.

    ::

        x -> g_a -> y --+-----> quantise -> y_hat --+--> g_s -> x_hat
                        |           ^               v
                        |           |      context_prediction
                        |    K Gaussians            v
                        |           +----- entropy_parameters
                        |                           ^
                        +-> h_a -> z -> quantise -> z_hat -> h_s

    ``K=3`` with attention is the paper's codec. ``K=1``, one Gaussian with y rounded about its mean, is what
    CompressAI calls cheng2020-anchor and, with attention, cheng2020-attn. A mixture has no one mean: y is
    rounded to integers, see ``latent_models/context_mixture.py``.

    Args:
        N: width of the transforms, channels of y and of z; at least 2.
        attention: whether g_a and g_s have attention blocks.
        K: Gaussians for every y, 1 to 16.
        quantiser: the training stand-in for rounding; mixed if not given.

    Raises:
        ShapeError: if N is not a width, or there cannot be ``K`` Gaussians.
    """

    def __init__(
        self, *, N: int = 192, attention: bool = True, K: int = 3, quantiser: Quantiser | None = None
    ) -> None:
        if not 1 <= K <= COMPONENTS_MAX:
            raise ShapeError(f"every y has 1..{COMPONENTS_MAX} Gaussians; got K={K}.")
        g_a, g_s = residual_analysis(N=N, attention=attention), residual_synthesis(N=N, attention=attention)
        h_a, h_s = residual_hyper_analysis(N=N), residual_hyper_synthesis(N=N)
        context_prediction = CausalConv2d(N, 2 * N)
        parameters = entropy_parameters(M=N, per_channel=2 if K == 1 else 3 * K)
        initialise(g_a, g_s, h_a, h_s, parameters)
        model = ContextModel if K == 1 else ContextMixtureModel
        latent_model = HyperpriorModel(
            h_a=h_a,
            h_s=h_s,
            M=N,
            N=N,
            y_model=model(context_prediction, parameters),
            quantiser=quantiser,
        )
        super().__init__(g_a=g_a, g_s=g_s, latent_model=latent_model)
