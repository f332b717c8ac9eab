"""What codecs with a checkerboard context do with y in training and in eval mode.

He, Zheng, Sun, Wang, Qin, "Checkerboard context model for efficient learned image compression", CVPR 2021.
https://arxiv.org/abs/2103.15306
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from litcodec.codecs.base import CodedLatents, Latents
from litcodec.entropy import FactorizedDensity, Quantised, Quantiser, gaussian_likelihood
from litcodec.ops import round_about


class Gaussians(NamedTuple):
    """One for every y."""

    means_hat: Tensor  # (B, M, h, w)
    scales_hat: Tensor


# What h_s tells, and y, of which only the anchors are looked at -> what all places have.
Context = Callable[[Tensor, Tensor], Gaussians]


class InTraining(Protocol):
    """A codec with side information, in training."""

    h_a: nn.Sequential
    h_s: nn.Sequential
    density: FactorizedDensity
    quantiser: Quantiser
    training: bool


def code_with_anchors(codec: InTraining, y: Tensor, context: Context) -> CodedLatents:
    """``Transforms.code_latents``."""
    z = codec.quantiser(codec.h_a(y), codec.density.medians())
    hyper = codec.h_s(z.for_decoder)
    if codec.training:  # the means of the anchors are not yet known
        seen = codec.quantiser(y, y.new_zeros(())).for_rate
        means_hat, scales_hat = context(hyper, seen)
        quantised = codec.quantiser(y, means_hat)
    else:
        means_hat, scales_hat = context(hyper, _round_anchors(y, hyper, context))
        y_hat = round_about(y, means_hat)
        quantised = Quantised(y_hat, y_hat)
    y_likelihoods = gaussian_likelihood(quantised.for_rate - means_hat, scales_hat)
    return CodedLatents(quantised.for_decoder, (y_likelihoods, codec.density(z.for_rate)))


def latents_with_anchors(codec: InTraining, y: Tensor, context: Context) -> Latents:
    """``Transforms.latents_of``."""
    z = codec.h_a(y)
    hyper = codec.h_s(round_about(z, codec.density.medians()))
    return Latents(y, z, *context(hyper, _round_anchors(y, hyper, context)))


def _round_anchors(y: Tensor, hyper: Tensor, context: Context) -> Tensor:
    """``y`` rounded about its means, right at the anchors alone."""
    return round_about(y, context(hyper, torch.zeros_like(y)).means_hat)
