"""Half of the places of y are told by side information alone, the other half by them too.

He, Zheng, Sun, Wang, Qin, "Checkerboard context model for efficient learned image compression", CVPR 2021.
https://arxiv.org/abs/2103.15306
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from litcodec.codecs.base import (
    Codec,
    CodedLatents,
    GDNForm,
    Latents,
    coded_between,
    latents_between,
    quantiser_or_default,
)
from litcodec.codecs.checkerboard_model import Gaussians, code_with_anchors, latents_with_anchors
from litcodec.codecs.checkerboard_order import CHECKERBOARD, anchors
from litcodec.codecs.context_coder import ContextCoder
from litcodec.codecs.frozen import Architecture, FrozenCodec
from litcodec.codecs.hyperprior_parts import (
    MeanScaleTransforms,
    context_nets,
    frozen_context,
    frozen_hyperprior,
    restored_hyperprior,
)
from litcodec.codecs.initial import initialise
from litcodec.entropy import FactorizedDensity, Quantiser
from litcodec.layers import CheckerboardConv2d
from litcodec.transforms import entropy_parameters
from litcodec.types import CodecOutput


class Checkerboard(Codec):
    """A Gaussian for every y, from the side information z and, at every other place, from the y about it.

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

    Places where row + column is even are anchors. The context's taps hold neighbours of the other colour
    alone, so an anchor sees zeros, and one pass over anchors and zeros tells the parameters of all places, in
    training as in use. Coding takes two steps, see
    ``checkerboard_order.py``.

    Args:
        N: width of the transforms and channels of z.
        M: channels of y.
        gdn: "exact" or "simplified" normalisation.
        quantiser: the training stand-in for rounding; mixed if not given.
    """

    downsampling_factor = 64

    def __init__(
        self, *, N: int = 192, M: int = 192, gdn: GDNForm = "exact", quantiser: Quantiser | None = None
    ) -> None:
        super().__init__()
        self.architecture = Architecture("Checkerboard", {"N": N, "M": M, "gdn": gdn})
        self.g_a, self.g_s, self.h_a, self.h_s = MeanScaleTransforms.of_sizes(N=N, M=M, gdn=gdn)
        self.context_prediction = CheckerboardConv2d(M, 2 * M)
        self.entropy_parameters = entropy_parameters(M=M)
        initialise(self.g_a, self.g_s, self.h_a, self.h_s, self.entropy_parameters)
        self.density = FactorizedDensity(N)
        self.quantiser = quantiser_or_default(quantiser)

    def forward(self, x: Tensor) -> CodecOutput:
        """See ``Codec.forward``."""
        return coded_between(self, x, self.code_latents)

    def code_latents(self, y: Tensor) -> CodedLatents:
        """See ``Transforms``."""
        return code_with_anchors(self, y, self._entropy_parameters)

    def latents(self, x: Tensor) -> Latents:
        """See ``Codec.latents``."""
        return latents_between(self, x, self.latents_of)

    def latents_of(self, y: Tensor) -> Latents:
        """See ``Transforms``."""
        return latents_with_anchors(self, y, self._entropy_parameters)

    def _entropy_parameters(self, hyper: Tensor, seen: Tensor) -> Gaussians:
        """Means and scales, given what h_s tells and y; of y only the anchors are looked at."""
        context = self.context_prediction(seen * anchors(seen))
        scales_hat, means_hat = self.entropy_parameters(torch.cat([hyper, context], dim=1)).chunk(2, dim=1)
        return Gaussians(means_hat, scales_hat)

    def freeze(self) -> FrozenCodec:
        """See ``Codec.freeze``."""
        y_coder = ContextCoder.from_float(frozen_context(self), order=CHECKERBOARD)
        return frozen_hyperprior(self, y_coder)

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenCodec:
        """See ``Codec.restore``."""
        y_coder = ContextCoder.from_tensors("y", context_nets(self), tensors, order=CHECKERBOARD)
        return restored_hyperprior(self, y_coder, tensors)
