"""Side information z predicts the mean and the scale of every element of y.

Minnen, Ballé, Toderici, "Joint autoregressive and hierarchical priors for learned image compression", NeurIPS
2018, without the autoregressive part. https://arxiv.org/abs/1809.02736
"""

from litcodec.codecs.base import TransformCodec
from litcodec.entropy import Quantiser
from litcodec.latent_models import GaussianModel, HyperpriorModel
from litcodec.layers import GDNForm, gdn_layer
from litcodec.transforms import (
    analysis,
    initialise,
    mean_scale_hyper_analysis,
    mean_scale_hyper_synthesis,
    synthesis,
)


class MeanScaleHyperprior(TransformCodec):
    """A Gaussian for every y, its mean and scale from the side information z.

    ::

        x -> g_a -> y --+--------> quantise -> y_hat -> g_s -> x_hat
                        |              ^
                        |              | means_hat, scales_hat
                        +-> h_a -> z -> quantise -> z_hat -> h_s

    Args:
        N: width of the transforms and channels of z.
        M: channels of y.
        gdn: "exact" or "simplified" normalisation.
        quantiser: the training stand-in for rounding; mixed if not given.

    Raises:
        ShapeError: if N or M is not a width.
    """

    def __init__(
        self, *, N: int = 128, M: int = 192, gdn: GDNForm = "exact", quantiser: Quantiser | None = None
    ) -> None:
        g_a, g_s = analysis(N=N, M=M, gdn=gdn_layer(gdn)), synthesis(N=N, M=M, gdn=gdn_layer(gdn))
        h_a, h_s = mean_scale_hyper_analysis(N=N, M=M), mean_scale_hyper_synthesis(N=N, M=M)
        initialise(g_a, g_s, h_a, h_s)
        y_model = GaussianModel(predicts_means=True)
        latent_model = HyperpriorModel(h_a=h_a, h_s=h_s, M=M, N=N, y_model=y_model, quantiser=quantiser)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=latent_model)
