"""The interface of every exact coder of latents."""

from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from litcodec.coding import Encoded


class Coded(NamedTuple):
    """One image's latents, coded, and counts worth watching."""

    strings: tuple[bytes, ...]  # outermost latent first
    y_hat: Tensor  # (1, M, h, w), float32, what the decoder will have
    symbols: int  # how many were coded
    escapes: int  # of these, outside of their table
    clipped: int  # of these, too large even for an escape


class LatentCoder(Protocol):
    """Latents <-> strings, exactly. Made by ``LatentModel.freeze()`` and ``restore()``."""

    @property
    def string_count(self) -> int:
        """How many strings ``encode`` makes."""

    @property
    def stride(self) -> int:
        """Rows and columns of y must be multiples of it."""

    def encode(self, y: Tensor) -> Coded:
        """Code ``y`` (1, M, h, w).

        Raises:
            FreezeError: if a latent is not finite.
        """

    def decode(self, strings: tuple[bytes, ...], h: int, w: int) -> Tensor:
        """The ``y_hat`` (1, M, h, w) that ``encode`` reported.

        Raises:
            Corrupt: if ``encode`` cannot have made the strings.
        """

    def bits(self, y: Tensor) -> tuple[Tensor, ...]:
        """The information content of every symbol ``encode`` would code, in bits, shaped like its latent."""

    def to(self, device: torch.device | str) -> None:
        """Move what runs in floats, in place; all else stays on the CPU."""

    def with_rdoq(self, rdoq_lambda: float) -> "LatentCoder":
        """The same, but its encoder rounds by rate and distortion, see ``rdoq.py``.

        Raises:
            FreezeError: if it cannot.
        """

    def decoder_tensors(self) -> dict[str, Tensor]:
        """What a codec file has to hold of it, all that a decoder needs."""

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The rest: what only ``encode`` depends on."""


@runtime_checkable
class RefinableCoder(LatentCoder, Protocol):
    """A coder of y and z: y can be refined given the z that was found without."""

    def z_hat(self, y: Tensor) -> Tensor:
        """The z (1, N, h/s, w/s), float32, that a decoder has of ``y`` (1, M, h, w)."""

    def encode_given(self, y: Tensor, z: Tensor) -> Coded:
        """``encode`` with a given z (1, N, h/s, w/s), rounded or not."""


class ConditionalCoder(Protocol):
    """Codes ``y`` (1, M, h, w) given ``hyper_params`` (1, C, h, w).

    ``hyper_params`` are float32 holding whole numbers, within +-2^24, in units of 2^-12: exact. Compute
    sums and products of them in float64.
    """

    def encode(self, y: Tensor, hyper_params: Tensor) -> tuple[Encoded, Tensor]:
        """The string of ``y``, and the ``y_hat``, float32, that the decoder will have."""

    def decode(self, string: bytes, hyper_params: Tensor) -> Tensor:
        """That ``y_hat``. Raises ``Corrupt`` if ``encode`` cannot have made ``string``."""

    def bits(self, y: Tensor, hyper_params: Tensor) -> Tensor:
        """The information content of every symbol of ``y``, in bits, shaped like it."""

    def with_rdoq(self, rdoq_lambda: float) -> "ConditionalCoder":
        """As ``LatentCoder.with_rdoq``."""

    def decoder_tensors(self) -> dict[str, Tensor]:
        """As ``LatentCoder.decoder_tensors``."""

    def encoder_tensors(self) -> dict[str, Tensor]:
        """As ``LatentCoder.encoder_tensors``."""
