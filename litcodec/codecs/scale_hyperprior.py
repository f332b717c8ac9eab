"""Side information z predicts the scale of every element of y.

Ballé, Minnen, Singh, Hwang, Johnston, "Variational image compression with a scale hyperprior", ICLR 2018.
https://arxiv.org/abs/1802.01436
"""

from litcodec.codecs.base import TransformCodec
from litcodec.entropy import Codebook, Quantiser
from litcodec.latent_models import ConditionalModel, GaussianModel, HyperpriorModel, ScaledCodebookModel
from litcodec.layers import GDNForm, gdn_layer
from litcodec.transforms import analysis, hyper_analysis, hyper_synthesis, initialise, synthesis


class ScaleHyperprior(TransformCodec):
    """A zero-mean Gaussian for every y, its scale from the side information z.

    ::

        x -> g_a -> y --+--------> quantise -> y_hat -> g_s -> x_hat
                        |              ^
                       |.|             | scales_hat
                        +-> h_a -> z -> quantise -> z_hat -> h_s

    Args:
        N: width of the transforms and channels of z.
        M: channels of y.
        gdn: "exact" or "simplified" normalisation.
        quantiser: the training stand-in for rounding; mixed if not given.
        codebook: what y is quantised with instead of rounding.

    Raises:
        ShapeError: if N or M is not a width.
    """

    later_arguments = frozenset({"codebook"})

    def __init__(
        self,
        *,
        N: int = 128,
        M: int = 192,
        gdn: GDNForm = "exact",
        quantiser: Quantiser | None = None,
        codebook: Codebook | None = None,
    ) -> None:
        g_a, g_s = analysis(N=N, M=M, gdn=gdn_layer(gdn)), synthesis(N=N, M=M, gdn=gdn_layer(gdn))
        h_a, h_s = hyper_analysis(N=N, M=M), hyper_synthesis(N=N, M=M)
        initialise(g_a, g_s, h_a, h_s)
        y_model: ConditionalModel = GaussianModel(predicts_means=False)
        if codebook is not None:
            y_model = ScaledCodebookModel(M, codebook)
        latent_model = HyperpriorModel(
            h_a=h_a, h_s=h_s, M=M, N=N, y_model=y_model, quantiser=quantiser, of_magnitudes=True
        )
        super().__init__(g_a=g_a, g_s=g_s, latent_model=latent_model)
