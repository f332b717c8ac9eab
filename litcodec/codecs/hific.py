"""A generator as synthesis transform, for training against a discriminator.

Mentzer, Toderici, Tschannen, Agustsson, "High-fidelity generative image compression", NeurIPS 2020.
https://arxiv.org/abs/2006.09965
"""

from litcodec.codecs.base import TransformCodec
from litcodec.entropy import Quantiser
from litcodec.latent_models import GaussianModel, HyperpriorModel
from litcodec.transforms import (
    channel_norm_analysis,
    channel_norm_synthesis,
    initialise,
    joint_hyper_synthesis,
    let_brightness_through,
    relu_hyper_analysis,
)


class HiFiC(TransformCodec):
    """A Gaussian for every y, its mean and scale from the side information z; E and G with ChannelNorm.

    ::

        x -> E -> y --+--------> quantise -> y_hat -> G -> x_hat
                      |              ^
                      |              | means_hat, scales_hat
                      +-> h_a -> z -> quantise -> z_hat -> h_s

    ``training.AdversarialCodecModule`` trains it against ``adversarial.PatchDiscriminator``. One network
    predicts means and scales, where the paper has two.

    Args:
        N: narrowest width of E and G; the widest is 16 N.
        M: channels of y.
        hyper: width of h_a and h_s, and channels of z.
        blocks: residual blocks of G.
        quantiser: the training stand-in for rounding; mixed if not given, as in the paper.

    Raises:
        ShapeError: if N, M or ``hyper`` is not a width, or N or M is 1.
    """

    def __init__(
        self,
        *,
        N: int = 60,
        M: int = 220,
        hyper: int = 320,
        blocks: int = 9,
        quantiser: Quantiser | None = None,
    ) -> None:
        g_a, g_s = channel_norm_analysis(N=N, M=M), channel_norm_synthesis(N=N, M=M, blocks=blocks)
        h_a, h_s = relu_hyper_analysis(N=hyper, M=M), joint_hyper_synthesis(N=hyper, M=M)
        initialise(g_a, g_s, h_a, h_s)
        let_brightness_through(g_a, g_s)
        y_model = GaussianModel(predicts_means=True)
        latent_model = HyperpriorModel(h_a=h_a, h_s=h_s, M=M, N=hyper, y_model=y_model, quantiser=quantiser)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=latent_model)
