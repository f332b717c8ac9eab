"""Codes a latent of a few integer values, with probabilities for each channel."""

from collections.abc import Mapping

import torch
from torch import Tensor

from litcodec.coding import IntegerTables
from litcodec.errors import FreezeError
from litcodec.latent_coding.base import Coded
from litcodec.latent_coding.factorized import FactorizedLatentCoder


class CentresLatentCoder:
    """A ``FactorizedLatentCoder`` whose encoder moves what lies beyond the centres to the outermost one.

    Args:
        inner: codes the numbers.
        radius: of the centres ``-radius`` to ``radius``.
    """

    string_count = 1
    stride = 1

    def __init__(self, inner: FactorizedLatentCoder, radius: int) -> None:
        self.inner, self.radius = inner, radius

    @classmethod
    def from_tables(cls, name: str, tables: IntegerTables, radius: int) -> "CentresLatentCoder":
        """Of a latent called ``name`` in codec files, with a row of ``tables`` for each channel."""
        medians = torch.zeros(len(tables.lengths), dtype=torch.float64)
        return cls(FactorizedLatentCoder(name, tables, medians), radius)

    @classmethod
    def from_tensors(
        cls, name: str, tensors: Mapping[str, Tensor], *, channels: int, radius: int
    ) -> "CentresLatentCoder":
        """Read back what ``decoder_tensors`` gave."""
        return cls(FactorizedLatentCoder.from_tensors(name, tensors, channels=channels), radius)

    def encode(self, y: Tensor) -> Coded:
        """Code ``y`` (1, M, h, w); raises ``FreezeError`` if a latent is not finite."""
        return self.inner.encode(self._within(y))

    def decode(self, strings: tuple[bytes, ...], h: int, w: int) -> Tensor:
        """The ``y_hat`` (1, M, h, w) that ``encode`` reported; raises ``Corrupt`` for other strings."""
        return self.inner.decode(strings, h, w)

    def bits(self, y: Tensor) -> tuple[Tensor, ...]:
        """The information content of every symbol, in bits, shaped like its latent."""
        return self.inner.bits(self._within(y))

    def to(self, device: torch.device | str) -> None:
        """Do nothing: all of it stays on the CPU."""

    def with_rdoq(self, rdoq_lambda: float) -> "CentresLatentCoder":
        """Raises ``FreezeError``: RDOQ needs a Gaussian for every latent."""
        raise FreezeError("RDOQ needs a Gaussian for every latent; this codec has a few centres alone.")

    def decoder_tensors(self) -> dict[str, Tensor]:
        """All tensors that a decoder needs, by name."""
        return self.inner.decoder_tensors()

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The tensors that only ``encode`` depends on: nothing, encoder and decoder need the same."""
        return {}

    def _within(self, y: Tensor) -> Tensor:
        return y.clamp(-self.radius, self.radius)
