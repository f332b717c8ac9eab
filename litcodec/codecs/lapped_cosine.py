"""Transforms that start as a lapped DCT, and an entropy model of side information and channel groups.

Transforms: ``transforms/lapped.py``. Entropy model: He et al., "ELIC: efficient learned image compression
with unevenly grouped space-channel contextual adaptive coding", CVPR 2022, https://arxiv.org/abs/2203.10886,
see ``latent_models/channel_groups.py``.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from litcodec.codecs.base import TransformCodec
from litcodec.entropy import Quantiser
from litcodec.errors import ShapeError
from litcodec.latent_models import ChannelGroupModel, HyperpriorModel
from litcodec.layers import conv, deconv
from litcodec.transforms import (
    best_step,
    cosine_hyper_analysis,
    keep_variance,
    lapped_analysis,
    lapped_synthesis,
    latent_spread,
)

BASIS_FUNCTIONS = 768  # of 16x16 pixels of three colours
BLOCKS_MAX = 64
GROUPS = (3, 6, 12, 24, 36, 60, 90, 89)


class LappedCosine(TransformCodec):
    """A Gaussian for every y, from the side information z and from the channels decoded before.

    ::

        x -> g_a -> y --+-------> quantise ------> y_hat --> g_s -> x_hat
                        |            ^               |
                        |            |               | groups before, anchors of its own
                        |            |               v
                        |            +--- + <----- nets[k]
                        |                 ^          ^
                        |       log-scales, means  features
                        |                 |          |
                        +-> h_a -> z -> quantise -> z_hat -> h_s

    Before the first step of training this codes the coefficients of a lapped transform as independent, with
    the standard deviations of most photographs. Basis functions overlap: no block grid has to be unlearned.

    Args:
        N: channels of z.
        groups: channels of each group of y, in coding order; at most 768 together.
        features: channels that h_s outputs for the group networks alone.
        width: channels inside the group networks.
        checkerboards: how many groups, from the first, are coded as a checkerboard.
        analysis_blocks: residual blocks of g_a.
        synthesis_blocks: residual blocks of g_s at 1/8 of the resolution.
        lmbda: how finely the lapped transform is quantised from which training starts; the default is the
            middle of a ``VariableRate`` from 0.0004 to 0.15.
        quantiser: the training stand-in for rounding; mixed if not given.

    Raises:
        ShapeError: if groups are none, empty or more than there are basis functions, or ``lmbda`` is not
            above 0.
    """

    training_arguments: ClassVar[frozenset[str]] = frozenset({"quantiser", "lmbda"})

    def __init__(
        self,
        *,
        N: int = 96,
        groups: Sequence[int] = GROUPS,
        features: int = 32,
        width: int = 96,
        checkerboards: int = 5,
        analysis_blocks: int = 4,
        synthesis_blocks: int = 5,
        lmbda: float = 0.00775,
        quantiser: Quantiser | None = None,
    ) -> None:
        M = sum(groups)
        if not (1 <= M <= BASIS_FUNCTIONS and lmbda > 0):
            raise ShapeError(
                f"groups hold 1 to {BASIS_FUNCTIONS} channels, lmbda is above 0; got {M} and {lmbda}."
            )
        if not (0 <= analysis_blocks <= BLOCKS_MAX and 0 <= synthesis_blocks <= BLOCKS_MAX):
            raise ShapeError(f"blocks are 0 to {BLOCKS_MAX}; got {analysis_blocks} and {synthesis_blocks}.")
        step = best_step(lmbda)
        g_a = lapped_analysis(M=M, step=step, blocks=analysis_blocks)
        g_s = lapped_synthesis(M=M, step=step, blocks=synthesis_blocks)
        h_a, h_s = cosine_hyper_analysis(N=N, M=M), _hyper_synthesis(N, 2 * M + features)
        y_model = ChannelGroupModel(groups, features=features, width=width, checkerboards=checkerboards)
        if not h_a[0].get_parameter("weight").is_meta:  # see ``transforms/initialise.py``
            _initialise(h_a, h_s, y_model, latent_spread(M, step))
        latent_model = HyperpriorModel(h_a=h_a, h_s=h_s, M=M, N=N, y_model=y_model, quantiser=quantiser)
        super().__init__(g_a=g_a, g_s=g_s, latent_model=latent_model)


def _hyper_synthesis(N: int, out: int) -> nn.Sequential:
    """z_hat (B, N, h/4, w/4) -> log-scales, means and features, (B, out, h, w)."""
    return nn.Sequential(
        deconv(N, N),
        nn.LeakyReLU(),
        deconv(N, N * 5 // 3),
        nn.LeakyReLU(),
        conv(N * 5 // 3, out, kernel_size=1, stride=1),
    )


@torch.no_grad()
def _initialise(h_a: nn.Sequential, h_s: nn.Sequential, y_model: ChannelGroupModel, spread: Tensor) -> None:
    """Networks that see all coefficients equally wide, and predict each one's standard deviation alone."""
    M, spread = len(spread), spread.to(h_a[0].get_parameter("weight").device)
    keep_variance(h_a, h_s, *y_model.sequentials())
    h_a[0].get_parameter("weight").mul_(0.3 / spread[None, :, None, None])
    h_s[-1].get_parameter("weight")[: 2 * M].mul_(0.06)
    h_s[-1].get_parameter("bias")[:M] = (0.15 * spread).log()
    for net in y_model.sequentials():
        weight = net[0].get_parameter("weight")
        seen = weight.shape[1] - y_model.features
        weight[:, y_model.features :].div_(spread[:seen, None, None])
        net[-1].get_parameter("weight").mul_(1e-2)
