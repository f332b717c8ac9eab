"""Quantisation of a latent: rounding in use, one of three differentiable approximations in training."""

from typing import NamedTuple

from torch import Tensor, nn

from litcodec.ops import add_uniform_noise, round_about, round_straight_through


class Quantised(NamedTuple):
    """The two faces of a quantised latent."""

    for_rate: Tensor  # what its probability is asked of
    for_decoder: Tensor  # what the synthesis transform sees


class Quantiser(nn.Module):
    """Rounds about the mean in eval mode; a subclass says what stands in for rounding in training."""

    def forward(self, v: Tensor, means: Tensor) -> Quantised:
        """Quantise ``v``.

        Args:
            v: a latent, (B, C, h, w).
            means: what to round about; broadcasts against ``v``.
        """
        if self.training:
            return self._train(v, means)
        rounded = round_about(v, means)
        return Quantised(rounded, rounded)

    def _train(self, v: Tensor, means: Tensor) -> Quantised:
        raise NotImplementedError


class NoiseQuantiser(Quantiser):
    """Uniform noise for rate and decoder alike (Ballé et al. 2017)."""

    def _train(self, v: Tensor, means: Tensor) -> Quantised:
        noisy = add_uniform_noise(v)
        return Quantised(noisy, noisy)


class StraightThroughQuantiser(Quantiser):
    """Rounding about the mean with straight-through gradients, for rate and decoder alike."""

    def _train(self, v: Tensor, means: Tensor) -> Quantised:
        rounded = round_straight_through(v - means) + means
        return Quantised(rounded, rounded)


class MixedQuantiser(Quantiser):
    """Noise for the rate, straight-through rounding for the decoder (Minnen & Singh, arXiv 2007.08739)."""

    def _train(self, v: Tensor, means: Tensor) -> Quantised:
        return Quantised(add_uniform_noise(v), round_straight_through(v - means) + means)
