"""The interface of every latent model: likelihoods in training, an exact coder when frozen."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor, nn

from litcodec.entropy import MixedQuantiser, Quantiser
from litcodec.errors import ArchitectureError
from litcodec.latent_coding import ConditionalCoder, LatentCoder
from litcodec.types import AuxiliaryLoss


class Latents(NamedTuple):
    """What lies between image and bits, float32, before quantisation."""

    y: Tensor  # (B, M, h, w)
    z: Tensor | None = None  # (B, N, h/4, w/4), hyperpriors only
    means_hat: Tensor | None = None  # as y
    scales_hat: Tensor | None = None  # as y
    centre: Tensor | None = None  # what y is rounded about, if that is not means_hat; broadcasts against y


class CodedLatents(NamedTuple):
    """The quantised latent and its likelihoods."""

    y_hat: Tensor  # (B, M, h, w), for the synthesis transform
    likelihoods: tuple[Tensor, ...]  # float32, outermost latent first: (y,) or (y, z)
    losses: tuple[AuxiliaryLoss, ...] = ()  # that the model adds to the objective


class LatentModel(nn.Module, ABC):
    """A model of the latent y. Float32, called without autocast.

    ::

        y -> forward -> y_hat, likelihoods          (trains)
             freeze()   -> LatentCoder: y <-> strings, exactly
    """

    channels: int  # M of y

    @property
    @abstractmethod
    def stride(self) -> int:
        """Rows and columns of y are padded to multiples of it."""

    @abstractmethod
    def forward(self, y: Tensor) -> CodedLatents:
        """Quantise ``y`` (B, M, h, w), and score it."""

    @abstractmethod
    def latents(self, y: Tensor) -> Latents:
        """``y`` with all that is predicted for it, as in eval mode. For looking at."""

    def code_given(self, y: Tensor, z_hat: Tensor, quantiser: Quantiser) -> CodedLatents:
        """``forward`` with another quantiser and a z that is known.

        Args:
            y: (B, M, h, w).
            z_hat: (B, N, h/s, w/s), rounded; it has no likelihoods in what is returned.
            quantiser: of y, if this model is in training mode.

        Raises:
            ArchitectureError: if the model has no z.
        """
        raise ArchitectureError(f"a {type(self).__name__} has no z, given which y could be coded.")

    @abstractmethod
    def freeze(self) -> LatentCoder:
        """The exact coder of this model; this model is not changed.

        Raises:
            FreezeError: if weights are not finite, or something cannot be made exact.
        """

    @abstractmethod
    def restore(self, tensors: Mapping[str, Tensor]) -> LatentCoder:
        """The coder whose ``decoder_tensors`` and ``encoder_tensors`` were read from a file.

        Raises:
            FreezeError: if tensors do not fit.
            CodecFileError: if tables are unusable.
        """

    def fit_tables(self, tensors: Mapping[str, Tensor]) -> None:
        """Learn what a codec file holds as tables alone, so that training goes on with the rates of the file.

        Args:
            tensors: as ``restore`` takes them, checked by it.
        """


class CodedGiven(NamedTuple):
    """y, quantised and scored given the hyper-parameters."""

    y_hat: Tensor  # (B, M, h, w), for the synthesis transform
    likelihoods: Tensor  # float32, as y


class ConditionalModel(nn.Module, ABC):
    """A model of y given the hyper-parameters that h_s predicts: half of a ``HyperpriorModel``."""

    @abstractmethod
    def forward(self, y: Tensor, hyper_params: Tensor, quantiser: Quantiser) -> CodedGiven:
        """Quantise ``y`` (B, M, h, w) and score it given ``hyper_params`` (B, C, h, w)."""

    @abstractmethod
    def latents(self, y: Tensor, hyper_params: Tensor) -> Latents:
        """As ``LatentModel.latents``, without z."""

    @abstractmethod
    def freeze(self) -> ConditionalCoder:
        """As ``LatentModel.freeze``."""

    @abstractmethod
    def restore(self, tensors: Mapping[str, Tensor]) -> ConditionalCoder:
        """As ``LatentModel.restore``."""

    def fit_tables(self, tensors: Mapping[str, Tensor]) -> None:
        """As ``LatentModel.fit_tables``."""


def quantiser_or_default(quantiser: Quantiser | None) -> Quantiser:
    """The given one, or the mixed one."""
    return MixedQuantiser() if quantiser is None else quantiser
