"""Transforms that start as a DCT, and an entropy model of side information and a checkerboard.

Transforms: ``transforms/cosine.py``. Entropy model: He, Zheng, Sun, Wang, Qin, "Checkerboard context model
for efficient learned image compression", CVPR 2021, https://arxiv.org/abs/2103.15306, with a narrow context
whose output is added to what side information predicts, and log-scales.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from litcodec.codecs.base import TransformCodec
from litcodec.entropy import Quantiser
from litcodec.errors import ShapeError
from litcodec.latent_models import ContextModel, HyperpriorModel
from litcodec.layers import CheckerboardConv2d, conv
from litcodec.transforms import (
    best_step,
    cosine_analysis,
    cosine_hyper_analysis,
    cosine_hyper_synthesis,
    cosine_synthesis,
    keep_variance,
    latent_spread,
)

BASIS_FUNCTIONS = 768  # of 16x16 pixels of three colours


class LearnedCosine(TransformCodec):
    """A Gaussian for every y, from the side information z and, at every other position, from the y about it.

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

    Before the first step of training this is the coder of a 16x16 DCT whose coefficients are independent and
    have the standard deviations of most photographs. See ``latent_coding/coding_order.py`` for anchors.

    Args:
        N: channels of z.
        M: channels of y, up to 768.
        context: channels that context_prediction outputs.
        lmbda: how finely the DCT is quantised from which training starts; the default is the middle of a
            ``VariableRate`` from 0.001 to 0.15.
        quantiser: the training stand-in for rounding; mixed if not given.

    Raises:
        ShapeError: if there are not as many basis functions as M, or ``lmbda`` is not above 0.
    """

    training_arguments: ClassVar[frozenset[str]] = frozenset({"quantiser", "lmbda"})

    def __init__(
        self,
        *,
        N: int = 128,
        M: int = 320,
        context: int = 96,
        lmbda: float = 0.0122,
        quantiser: Quantiser | None = None,
    ) -> None:
        if not (1 <= M <= BASIS_FUNCTIONS and lmbda > 0):
            raise ShapeError(f"M is 1 to {BASIS_FUNCTIONS}, lmbda above 0; got {M} and {lmbda}.")
        step = best_step(lmbda)
        g_a, g_s = cosine_analysis(M=M, step=step), cosine_synthesis(M=M, step=step)
        h_a, h_s = cosine_hyper_analysis(N=N, M=M), cosine_hyper_synthesis(N=N, M=M)
        context_prediction = CheckerboardConv2d(M, context)
        parameters = nn.Sequential(
            conv(2 * M + context, 2 * N, kernel_size=1, stride=1),
            nn.LeakyReLU(inplace=True),
            conv(2 * N, 2 * M, kernel_size=1, stride=1),
        )
        if not h_a[0].get_parameter("weight").is_meta:  # see ``transforms/initialise.py``
            _initialise(h_a, h_s, parameters, latent_spread(M, step))
        y_model = ContextModel(context_prediction, parameters, residual=True, log_scales=True)
        latent_model = HyperpriorModel(h_a=h_a, h_s=h_s, M=M, N=N, y_model=y_model, quantiser=quantiser)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=latent_model)


@torch.no_grad()
def _initialise(h_a: nn.Sequential, h_s: nn.Sequential, parameters: nn.Sequential, spread: Tensor) -> None:
    spread = spread.to(h_a[0].get_parameter("weight").device)
    keep_variance(h_a, h_s, parameters)
    # h_a sees coefficients of equal variance; h_s initially predicts only their standard deviations.
    h_a[0].get_parameter("weight").mul_(0.3 / spread[None, :, None, None])
    h_s[-1].get_parameter("weight").mul_(0.06)
    h_s[-1].get_parameter("bias")[: len(spread)] = (0.15 * spread).log()
    parameters[-1].get_parameter("weight").mul_(1e-4)
