"""One latent, one learned density per channel, no side information.

Ballé, Laparra, Simoncelli, "End-to-end optimized image compression", ICLR 2017.
https://arxiv.org/abs/1611.01704
"""

from typing import Literal

from litcodec.codecs.base import TransformCodec
from litcodec.entropy import Codebook, Quantiser
from litcodec.latent_models import CodebookModel, FactorizedModel, LatentModel
from litcodec.layers import GDNForm, gdn_layer
from litcodec.transforms import analysis, analysis_9x9, initialise, synthesis, synthesis_9x9

TransformForm = Literal["4x5x5", "9x9"]


class FactorizedPrior(TransformCodec):
    """``x -> g_a -> y -> quantise -> y_hat -> g_s -> x_hat``.

    Args:
        N: width of the transforms.
        M: channels of the latent.
        transform: "4x5x5" is the widely used 4x(5x5/2) form, "9x9" the paper's 9x9/4, 5x5/2, 5x5/2.
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
        transform: TransformForm = "4x5x5",
        gdn: GDNForm = "exact",
        quantiser: Quantiser | None = None,
        codebook: Codebook | None = None,
    ) -> None:
        make_g_a, make_g_s = {"4x5x5": (analysis, synthesis), "9x9": (analysis_9x9, synthesis_9x9)}[transform]
        g_a, g_s = (make(N=N, M=M, gdn=gdn_layer(gdn)) for make in (make_g_a, make_g_s))
        initialise(g_a, g_s)
        model: LatentModel
        model = FactorizedModel(M, quantiser=quantiser) if codebook is None else CodebookModel(M, codebook)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=model)
