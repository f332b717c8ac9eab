"""A mixture of Gaussians for every element of y, from side information z and from the latents before.

Cheng, Sun, Takeuchi, Katto, "Learned image compression with discretized Gaussian mixture likelihoods and
attention modules", CVPR 2020, https://arxiv.org/abs/2001.01568, with the transforms and the context model of
Minnen, Ballé, Toderici, NeurIPS 2018, https://arxiv.org/abs/1809.02736.
"""

from litcodec.codecs.base import TransformCodec
from litcodec.coding import COMPONENTS_MAX
from litcodec.entropy import Quantiser
from litcodec.errors import ShapeError
from litcodec.latent_models import ContextMixtureModel, HyperpriorModel
from litcodec.layers import CausalConv2d, GDNForm, gdn_layer
from litcodec.transforms import (
    analysis,
    entropy_parameters,
    initialise,
    mean_scale_hyper_analysis,
    mean_scale_hyper_synthesis,
    synthesis,
)


class MixtureAutoregressive(TransformCodec):
    """K Gaussians for every y, predicted from the side information z and from the y before it.

    ::

        x -> g_a -> y --+-----> quantise -> y_hat --+--> g_s -> x_hat
                        |           ^               v
                        |                   context_prediction
                        |                           |
                        |                           v
                        |      mixture <--- entropy_parameters
                        |                           ^
                        +-> h_a -> z -> quantise -> z_hat -> h_s

    y is rounded to integers, so encoding takes one pass; only decoding takes one wavefront after the other,
    see ``latent_models/context_mixture.py``.

    Args:
        N: width of the transforms and channels of z.
        M: channels of y.
        K: components of a mixture, 1 to 16.
        gdn: "exact" or "simplified" normalisation.
        quantiser: the training stand-in for rounding; mixed if not given.

    Raises:
        ShapeError: if N or M is not a width, or there cannot be ``K`` components.
    """

    def __init__(
        self,
        *,
        N: int = 192,
        M: int = 192,
        K: int = 3,
        gdn: GDNForm = "exact",
        quantiser: Quantiser | None = None,
    ) -> None:
        if not 1 <= K <= COMPONENTS_MAX:
            raise ShapeError(f"a mixture has 1..{COMPONENTS_MAX} components; got K={K}.")
        g_a, g_s = analysis(N=N, M=M, gdn=gdn_layer(gdn)), synthesis(N=N, M=M, gdn=gdn_layer(gdn))
        h_a, h_s = mean_scale_hyper_analysis(N=N, M=M), mean_scale_hyper_synthesis(N=N, M=M)
        context_prediction, parameters = CausalConv2d(M, 2 * M), entropy_parameters(M=M, per_channel=3 * K)
        initialise(g_a, g_s, h_a, h_s, parameters)
        y_model = ContextMixtureModel(context_prediction, parameters)
        latent_model = HyperpriorModel(h_a=h_a, h_s=h_s, M=M, N=N, y_model=y_model, quantiser=quantiser)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=latent_model)
