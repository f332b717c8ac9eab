"""A frozen codec of one analysis and one synthesis transform, with a latent coder between them."""

import torch
from torch import Tensor, nn

from litcodec.codecs.frozen import Architecture, Coded, FrozenCodec, LatentCoder, full_float32
from litcodec.codecs.padding import pad_to, padded_size
from litcodec.codecs.strips import in_strips

LATENT_STRIDE = 16  # image rows, and columns, for each of y


class FrozenTransforms(FrozenCodec):
    """``g_a``, a latent coder, ``g_s``: what every codec but a hybrid is when frozen.

    Args:
        architecture: how to build the codec again.
        downsampling_factor: H and W are padded to multiples of it.
        g_a: analysis transform, float32.
        g_s: synthesis transform, float32.
        latent_coder: what lies between them.
    """

    def __init__(
        self,
        architecture: Architecture,
        downsampling_factor: int,
        g_a: nn.Sequential,
        g_s: nn.Sequential,
        latent_coder: LatentCoder,
    ) -> None:
        self.g_a, self.g_s, self.latent_coder = g_a, g_s, latent_coder
        super().__init__(architecture, downsampling_factor)

    @property
    def string_count(self) -> int:
        """See ``FrozenCodec``."""
        return self.latent_coder.latents

    def encode(self, x: Tensor) -> Coded:
        """See ``FrozenCodec``."""
        return self.encode_latents(self.analyse(x))

    def analyse(self, x: Tensor) -> Tensor:
        """Y (1, M, h, w), float32, of one image (1, 3, H, W): the first half of ``encode``."""
        # One by one and in float32, so that neither batch nor autocast can change a symbol.
        with full_float32(self._device):
            x = pad_to(x.to(self._device, torch.float32), self.downsampling_factor)
            x = x.contiguous(memory_format=torch.channels_last)
            pixels_per_row = LATENT_STRIDE * x.shape[3]
            y = in_strips(self.g_a, x, rows_in=LATENT_STRIDE, rows_out=1, pixels_per_row=pixels_per_row)
            return y.contiguous()

    def encode_latents(self, y: Tensor) -> Coded:
        """The second half of ``encode``."""
        with full_float32(self._device):
            return self.latent_coder.encode(y)

    def decode(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """See ``FrozenCodec``."""
        return self.synthesise(self.decode_latents(strings, size), size)

    def bits(self, x: Tensor) -> tuple[Tensor, ...]:
        """See ``FrozenCodec``."""
        return self.bits_of_latents(self.analyse(x))

    def bits_of_latents(self, y: Tensor) -> tuple[Tensor, ...]:
        """The second half of ``bits``."""
        with full_float32(self._device):
            return self.latent_coder.bits(y)

    def decode_latents(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """See ``FrozenCodec``."""
        H, W = padded_size(*size, self.downsampling_factor)
        with torch.inference_mode():
            return self.latent_coder.decode(strings, H // LATENT_STRIDE, W // LATENT_STRIDE)

    def synthesise(self, y_hat: Tensor, size: tuple[int, int], *, clamped: bool = True) -> Tensor:
        """The image (1, 3, H, W), in [0, 1] unless told otherwise, of decoded latents (1, M, h, w)."""
        with full_float32(self._device):
            y_hat = y_hat.to(self._device).contiguous(memory_format=torch.channels_last)
            pixels_per_row = LATENT_STRIDE**2 * y_hat.shape[3]
            x_hat = in_strips(
                self.g_s, y_hat, rows_in=1, rows_out=LATENT_STRIDE, pixels_per_row=pixels_per_row
            )
            x_hat = x_hat[..., : size[0], : size[1]]
            return (x_hat.clamp(0, 1) if clamped else x_hat).contiguous()

    def decoder_tensors(self) -> dict[str, Tensor]:
        """See ``FrozenCodec``."""
        return {
            **{f"g_s.{name}": tensor for name, tensor in self.g_s.state_dict().items()},
            **self.latent_coder.tensors("y"),
        }

    def encoder_tensors(self) -> dict[str, Tensor]:
        """See ``FrozenCodec``."""
        found = {f"g_a.{name}": tensor for name, tensor in self.g_a.state_dict().items()}
        return {**found, **self.latent_coder.encoder_tensors()}

    @property
    def _device(self) -> torch.device:
        return next(self.g_s.parameters()).device
