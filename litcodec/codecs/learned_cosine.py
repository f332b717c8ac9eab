"""Transforms that start as a DCT, and an entropy model of side information and a checkerboard.

Transforms: ``transforms/cosine.py``. Entropy model: He, Zheng, Sun, Wang, Qin, "Checkerboard context model
for efficient learned image compression", CVPR 2021, https://arxiv.org/abs/2103.15306, with a narrow context
that corrects what side information tells, and logarithms of scales.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from litcodec.codecs.base import (
    Codec,
    CodedLatents,
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
    context_nets,
    frozen_context,
    frozen_hyperprior,
    restored_hyperprior,
)
from litcodec.codecs.initial import keep_variance
from litcodec.entropy import FactorizedDensity, Quantiser
from litcodec.errors import ShapeError
from litcodec.layers import CheckerboardConv2d, conv
from litcodec.ops import lower_bound
from litcodec.transforms import (
    best_step,
    cosine_analysis,
    cosine_hyper_analysis,
    cosine_hyper_synthesis,
    cosine_synthesis,
    latent_spread,
)
from litcodec.types import CodecOutput

LOG_SCALES = (-3.0, 6.0)  # beyond these, of 0.05 and 403, tables do not differ
WAVES = 768  # of 16x16 pixels of three colours


class LearnedCosine(Codec):
    """A Gaussian for every y, from the side information z and, at every other place, from the y about it.

    ::

        x -> g_a -> y --+-----> quantise -> y_hat --+--> g_s -> x_hat
                        |           ^               v
                        |           |      anchors of y_hat, else 0
                        |           |               v
                        |           |      context_prediction
                        |           | means_hat,    v
                        |           | scales_hat    entropy_parameters
                        |           |               v
                        |           +-------------- + <--+
                        |                                |
                        +-> h_a -> z -> quantise -> z_hat -> h_s

    Before the first step of training this is the coder of a 16x16 DCT whose waves are independent, and as
    wide as those of most photographs. See ``checkerboard_order.py`` for anchors.

    Args:
        N: channels of z.
        M: channels of y, up to 768.
        context: channels that the context tells of the places about.
        lmbda: how finely the DCT is quantised from which training starts; the default is the middle of a
            ``VariableRate`` from 0.001 to 0.15.
        quantiser: the training stand-in for rounding; mixed if not given.

    Raises:
        ShapeError: if there are not as many waves as M, or ``lmbda`` is not above 0.
    """

    downsampling_factor = 64

    def __init__(
        self,
        *,
        N: int = 128,
        M: int = 320,
        context: int = 96,
        lmbda: float = 0.0122,
        quantiser: Quantiser | None = None,
    ) -> None:
        super().__init__()
        if not (1 <= M <= WAVES and lmbda > 0):
            raise ShapeError(f"M is 1 to {WAVES}, lmbda above 0; got {M} and {lmbda}.")
        self.architecture = Architecture("LearnedCosine", {"N": N, "M": M, "context": context})
        step = best_step(lmbda)
        self.g_a, self.g_s = cosine_analysis(M=M, step=step), cosine_synthesis(M=M, step=step)
        self.h_a, self.h_s = cosine_hyper_analysis(N=N, M=M), cosine_hyper_synthesis(N=N, M=M)
        self.context_prediction = CheckerboardConv2d(M, context)
        self.entropy_parameters = nn.Sequential(
            conv(2 * M + context, 2 * N, kernel_size=1, stride=1),
            nn.LeakyReLU(inplace=True),
            conv(2 * N, 2 * M, kernel_size=1, stride=1),
        )
        if not self.h_a[0].get_parameter("weight").is_meta:  # see ``codecs/initial.py``
            self._initialise(latent_spread(M, step))
        self.density = FactorizedDensity(N)
        self.quantiser = quantiser_or_default(quantiser)

    @torch.no_grad()
    def _initialise(self, spread: Tensor) -> None:
        spread = spread.to(self.h_a[0].get_parameter("weight").device)
        keep_variance(self.h_a, self.h_s, self.entropy_parameters)
        # h_a is told of all waves alike; h_s tells little, but how wide each wave is.
        self.h_a[0].get_parameter("weight").mul_(0.3 / spread[None, :, None, None])
        self.h_s[-1].get_parameter("weight").mul_(0.06)
        self.h_s[-1].get_parameter("bias")[: len(spread)] = (0.15 * spread).log()
        self.entropy_parameters[-1].get_parameter("weight").mul_(1e-4)

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
        parameters = hyper + self.entropy_parameters(torch.cat([hyper, context], dim=1))
        log_scales, means_hat = parameters.chunk(2, dim=1)
        low, high = LOG_SCALES
        return Gaussians(means_hat, lower_bound(log_scales, low).clamp(max=high).exp())

    def freeze(self) -> FrozenCodec:
        """See ``Codec.freeze``."""
        nets = frozen_context(self, corrects=True)
        y_coder = ContextCoder.from_float(nets, order=CHECKERBOARD, logarithmic=True)
        return frozen_hyperprior(self, y_coder)

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenCodec:
        """See ``Codec.restore``."""
        nets = context_nets(self, corrects=True)
        y_coder = ContextCoder.from_tensors("y", nets, tensors, order=CHECKERBOARD, logarithmic=True)
        return restored_hyperprior(self, y_coder, tensors)
