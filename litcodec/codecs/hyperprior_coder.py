"""Latents <-> strings with side information.

As with ``FactorizedLatentCoder`` only the encoder touches floats: h_a, and the roundings of y and z.
"""

import copy
from collections.abc import Mapping
from typing import Protocol

from torch import Tensor, nn

from litcodec.codecs.factorized_coder import FactorizedLatentCoder
from litcodec.codecs.frozen import Coded
from litcodec.codecs.frozen_tensors import net_from, net_to
from litcodec.codecs.strips import in_strips
from litcodec.coding import Encoded
from litcodec.entropy import FactorizedDensity, FixedPointNet

Y_PER_Z = 4  # rows of y for each row of z
PIXELS_PER_Z = 64  # image rows, and columns, for each of z


class ConditionalCoder(Protocol):
    """Codes ``y`` (1, M, h, w), given what h_s makes of z: ``hyper`` (1, C, h, w), float64 integers."""

    def encode(self, y: Tensor, hyper: Tensor) -> tuple[Encoded, Tensor]:
        """The string of ``y``, and the ``y_hat``, float32, that the decoder will have."""

    def decode(self, string: bytes, hyper: Tensor) -> Tensor:
        """That ``y_hat``. Raises ``Corrupt`` if ``encode`` cannot have made ``string``."""

    def bits(self, y: Tensor, hyper: Tensor) -> Tensor:
        """The information content of every symbol of ``y``, in bits, shaped like it."""

    def thrifty(self, error_bits: float) -> "ConditionalCoder":
        """The same, but its encoder rounds to what costs least, see ``thrifty_rounding.py``.

        Raises:
            FreezeError: if it cannot.
        """

    def tensors(self, name: str) -> dict[str, Tensor]:
        """What a codec file has to hold of it."""

    def encoder_tensors(self, name: str) -> dict[str, Tensor]:
        """Likewise, what only ``encode`` depends on."""


class HyperpriorLatentCoder:
    """Codes ``y`` with the help of side information ``z``, which it codes too.

    Args:
        h_a: hyper-analysis, float32; only the encoder runs it.
        h_s: hyper-synthesis in fixed point.
        z_coder: codes z.
        y_coder: codes y, given what h_s tells.
        of_magnitudes: whether h_a sees the magnitudes of y.
    """

    def __init__(
        self,
        h_a: nn.Sequential,
        h_s: FixedPointNet,
        z_coder: FactorizedLatentCoder,
        y_coder: ConditionalCoder,
        *,
        of_magnitudes: bool = False,
    ) -> None:
        self.h_a, self.h_s, self.z_coder, self.y_coder = h_a, h_s, z_coder, y_coder
        self.of_magnitudes = of_magnitudes

    @classmethod
    def from_float(
        cls,
        h_a: nn.Sequential,
        h_s: nn.Sequential,
        density: FactorizedDensity,
        y_coder: ConditionalCoder,
        *,
        of_magnitudes: bool = False,
    ) -> "HyperpriorLatentCoder":
        """Make a trained hyperprior exact."""
        z_coder = FactorizedLatentCoder.from_density(density)
        return cls(h_a, FixedPointNet.from_float(h_s), z_coder, y_coder, of_magnitudes=of_magnitudes)

    @classmethod
    def from_tensors(
        cls,
        h_a: nn.Sequential,
        h_s: nn.Sequential,
        y_coder: ConditionalCoder,
        tensors: Mapping[str, Tensor],
        *,
        of_magnitudes: bool = False,
    ) -> "HyperpriorLatentCoder":
        """Read back what ``tensors`` gave; ``h_a`` and ``y_coder`` have been read already."""
        net = net_from("h_s", h_s, tensors)
        z_coder = FactorizedLatentCoder.from_tensors("z", tensors, channels=net.channels)
        return cls(h_a, net, z_coder, y_coder, of_magnitudes=of_magnitudes)

    def thrifty(self, error_bits: float) -> "HyperpriorLatentCoder":
        """The same, but y is rounded to what costs least."""
        other = copy.copy(self)
        other.y_coder = self.y_coder.thrifty(error_bits)
        return other

    def tensors(self, name: str) -> dict[str, Tensor]:
        """What a codec file has to hold of this coder, all that a decoder needs."""
        return {**self.z_coder.tensors("z"), **self.y_coder.tensors(name), **net_to("h_s", self.h_s)}

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The hyper-analysis, and how y is rounded: a decoder does not run it."""
        h_a = {f"h_a.{name}": tensor for name, tensor in self.h_a.state_dict().items()}
        return {**h_a, **self.y_coder.encoder_tensors("y")}

    @property
    def latents(self) -> int:
        """How many strings ``encode`` makes."""
        return 2

    def bits(self, y: Tensor) -> tuple[Tensor, ...]:
        """See ``LatentCoder``."""
        z = self._hyper_analysis(y)
        hyper = self.hyper(self.z_coder.quantise_to_grid(z))
        return self.y_coder.bits(y, hyper), *self.z_coder.bits(z)

    def encode(self, y: Tensor) -> Coded:
        """Code ``y`` (1, M, h, w) as two strings, of y and z."""
        z_string, z_grid, z_escapes, z_clipped = self.z_coder.encode_to_grid(self._hyper_analysis(y))
        encoded, y_hat = self.y_coder.encode(y, self.hyper(z_grid))
        return Coded(
            (encoded.data, z_string),
            y_hat,
            y.numel() + z_grid.numel(),
            encoded.escapes + z_escapes,
            encoded.clipped + z_clipped,
        )

    def decode(self, strings: tuple[bytes, ...], h: int, w: int) -> Tensor:
        """The ``y_hat`` (1, M, h, w) of strings made by ``encode``.

        Raises:
            Corrupt: if the strings cannot have been made by ``encode``.
        """
        y_string, z_string = strings
        z_grid = self.z_coder.decode_to_grid(z_string, h // Y_PER_Z, w // Y_PER_Z)
        return self.y_coder.decode(y_string, self.hyper(z_grid))

    def hyper(self, z_grid: Tensor) -> Tensor:
        """What h_s tells, (1, C, h, w), of z on the grid."""
        pixels_per_row = PIXELS_PER_Z**2 * z_grid.shape[3]
        return in_strips(self.h_s, z_grid, rows_in=1, rows_out=Y_PER_Z, pixels_per_row=pixels_per_row)

    def _hyper_analysis(self, y: Tensor) -> Tensor:
        z: Tensor = self.h_a(y.abs() if self.of_magnitudes else y)
        return z
