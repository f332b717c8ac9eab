"""Latents <-> strings with side information z.

As with ``FactorizedLatentCoder`` only the encoder touches floats: h_a, and the roundings of y and z.
"""

import copy

import torch
from torch import Tensor, nn

from litcodec.entropy import FixedPointNet
from litcodec.latent_coding.base import Coded, ConditionalCoder
from litcodec.latent_coding.factorized import FactorizedLatentCoder
from litcodec.latent_coding.geometry import upsampled_by
from litcodec.latent_coding.strips import InStrips
from litcodec.latent_coding.symbols import GRID
from litcodec.latent_coding.tensors import net_to

PIXELS_PER_Y = 256  # what a position of y usually stands for; it decides the height of strips, no result


class HyperpriorLatentCoder:
    """Codes ``y`` given the hyper-parameters that h_s predicts from z, which it codes too. A ``LatentCoder``.

    Args:
        h_a: hyper-analysis, float32; only the encoder runs it.
        h_s: hyper-synthesis in fixed point.
        z_coder: codes z.
        y_coder: codes y given what h_s predicts.
        of_magnitudes: whether h_a sees the magnitudes of y.

    Raises:
        ShapeError: if h_s does not multiply rows and columns by one whole number.
    """

    string_count = 2

    def __init__(
        self,
        h_a: nn.Module,
        h_s: FixedPointNet,
        z_coder: FactorizedLatentCoder,
        y_coder: ConditionalCoder,
        *,
        of_magnitudes: bool = False,
    ) -> None:
        self.h_a, self.h_s, self.z_coder, self.y_coder = h_a, h_s, z_coder, y_coder
        self.of_magnitudes = of_magnitudes
        self.stride = upsampled_by(h_s, torch.empty(1, h_s.channels, 0, 0, dtype=torch.float64))
        pixels = PIXELS_PER_Y * self.stride**2
        self._h_s = InStrips(self._in_float32, rows_in=1, rows_out=self.stride, columns_in=1, pixels=pixels)

    def to(self, device: torch.device | str) -> None:
        """Move what runs in floats, in place."""
        self.h_a.to(device)

    def with_rdoq(self, rdoq_lambda: float) -> "HyperpriorLatentCoder":
        """The same coder with RDOQ; z is rounded to the nearest all the same."""
        other = copy.copy(self)
        other.y_coder = self.y_coder.with_rdoq(rdoq_lambda)
        return other

    def decoder_tensors(self) -> dict[str, Tensor]:
        """All tensors that a decoder needs, by name."""
        parts = (self.z_coder.decoder_tensors(), self.y_coder.decoder_tensors(), net_to("h_s", self.h_s))
        return {name: tensor for part in parts for name, tensor in part.items()}

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The hyper-analysis, and how y is rounded: a decoder does not run it."""
        h_a = {f"h_a.{name}": tensor for name, tensor in self.h_a.state_dict().items()}
        return {**h_a, **self.y_coder.encoder_tensors()}

    def bits(self, y: Tensor) -> tuple[Tensor, ...]:
        """The information content of every symbol, in bits, shaped like its latent."""
        z = self._hyper_analysis(y)
        hyper_params = self.hyper_params(self.z_coder.quantise_to_grid(z))
        return self.y_coder.bits(y, hyper_params), *self.z_coder.bits(z)

    def encode(self, y: Tensor) -> Coded:
        """Code ``y`` (1, M, h, w) as two strings, of y and z."""
        return self.encode_given(y, self._hyper_analysis(y))

    def z_hat(self, y: Tensor) -> Tensor:
        """The z (1, N, h/s, w/s), float32, that a decoder has of ``y`` (1, M, h, w)."""
        return (self.z_coder.quantise_to_grid(self._hyper_analysis(y)) / GRID).float()

    def encode_given(self, y: Tensor, z: Tensor) -> Coded:
        """``encode`` with a given z (1, N, h/s, w/s), rounded or not."""
        z_string, z_grid, z_escapes, z_clipped = self.z_coder.encode_to_grid(z)
        encoded, y_hat = self.y_coder.encode(y, self.hyper_params(z_grid))
        return Coded(
            (encoded.data, z_string),
            y_hat,
            y.numel() + z_grid.numel(),
            encoded.escapes + z_escapes,
            encoded.clipped + z_clipped,
        )

    def decode(self, strings: tuple[bytes, ...], h: int, w: int) -> Tensor:
        """The ``y_hat`` (1, M, h, w) that ``encode`` reported; raises ``Corrupt`` for other strings."""
        y_string, z_string = strings
        z_grid = self.z_coder.decode_to_grid(z_string, h // self.stride, w // self.stride)
        return self.y_coder.decode(y_string, self.hyper_params(z_grid))

    def hyper_params(self, z_grid: Tensor) -> Tensor:
        """What h_s predicts, (1, C, h, w) float32, from z on the grid."""
        return self._h_s(z_grid)

    def _in_float32(self, z_grid: Tensor) -> Tensor:
        # Exact, as FixedPointNet clamps them to 2^24, and half the memory: the largest tensor of all.
        return self.h_s(z_grid).float()

    def _hyper_analysis(self, y: Tensor) -> Tensor:
        z: Tensor = self.h_a(y.abs() if self.of_magnitudes else y)
        return z
