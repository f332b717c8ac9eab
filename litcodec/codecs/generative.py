"""A few symbols for a whole image, and a generator that synthesises the image from them.

Agustsson, Tschannen, Mentzer, Timofte, Van Gool, "Generative adversarial networks for extreme learned image
compression", ICCV 2019. https://arxiv.org/abs/1804.02958
"""

import math

from litcodec.codecs.base import TransformCodec
from litcodec.latent_models import CentresModel
from litcodec.layers import check_width
from litcodec.transforms import initialise, instance_norm_analysis, instance_norm_synthesis, keep_variance


class GenerativeCompression(TransformCodec):
    """The paper's GC: y of few channels and 5 centres; E and G with instance normalisation.

    ::

        x -> E -> y -> nearest centre -> y_hat -> G -> x_hat

    The rate is bounded by the number of symbols, see ``rate_bound``, and no loss lowers it: ``lmbda`` weighs
    the distortion against the adversarial loss alone. G takes no noise: decoding repeats itself. Statistics
    of a whole image enter every pixel, so large images are not decoded in strips, and take memory.

    Args:
        N: narrowest width of E and G; the widest is 16 N.
        M: channels of y; the paper has 2, 4 and 8 (its C).
        centres: how many values a y takes, an odd number.
        blocks: residual blocks of G.

    Raises:
        ShapeError: if N or M is not a width, or ``centres`` is even, below 3 or above 255.
    """

    def __init__(self, *, N: int = 60, M: int = 4, centres: int = 5, blocks: int = 9) -> None:
        check_width(N, M)
        g_a, g_s = instance_norm_analysis(N=N, M=M), instance_norm_synthesis(N=N, M=M, blocks=blocks)
        initialise(g_a, g_s)
        keep_variance(g_a)  # y about as wide as its centres, not several times as wide
        super().__init__(g_a=g_a, g_s=g_s, latent_model=CentresModel(M, centres=centres))

    @property
    def rate_bound(self) -> float:
        """Bits per pixel if all symbols were equally likely, without a file's header."""
        assert isinstance(self.latent_model, CentresModel)
        return self.latent_model.channels * math.log2(2 * self.latent_model.radius + 1) / self.stride**2
