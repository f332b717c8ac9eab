"""A frozen codec: the only thing that compresses and decompresses."""

import copy
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from litcodec.bitstream import FINGERPRINT_BYTES
from litcodec.codecs.padding import check_image, pad_to, padded_size
from litcodec.codecs.strips import in_strips
from litcodec.errors import CodecMismatch, FreezeError, ShapeError
from litcodec.layers import GDN
from litcodec.types import Compressed

LATENT_STRIDE = 16  # image rows, and columns, for each of y


class Architecture(NamedTuple):
    """How to build a codec again: its class in ``litcodec.codecs`` and its arguments."""

    name: str
    init_args: dict[str, int | str]


class Notes(NamedTuple):
    """Where a codec comes from. Kept in its file; not part of its identity."""

    lmbda: float | None = None
    distortion: str | None = None
    step: int | None = None


class Coded(NamedTuple):
    """One image's latents, coded, and counts worth watching."""

    strings: tuple[bytes, ...]  # outermost latent first
    y_hat: Tensor  # (1, M, h, w), float32, what the decoder will have
    symbols: int  # how many were coded
    escapes: int  # of these, outside of their table
    clipped: int  # of these, too large even for an escape


class LatentCoder(Protocol):
    """Latents <-> strings, exactly."""

    @property
    def latents(self) -> int:
        """How many strings ``encode`` makes."""

    def encode(self, y: Tensor) -> Coded:
        """Code ``y`` (1, M, h, w)."""

    def decode(self, strings: tuple[bytes, ...], h: int, w: int) -> Tensor:
        """The ``y_hat`` (1, M, h, w) that ``encode`` reported."""

    def bits(self, y: Tensor) -> tuple[Tensor, ...]:
        """The information content of every symbol ``encode`` would code, in bits, shaped like its latent."""

    def tensors(self, name: str) -> dict[str, Tensor]:
        """What a codec file has to hold of it, all that a decoder needs."""

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The rest: what only ``encode`` depends on."""


class FrozenCodec:
    """Compresses images to strings and back. Made by ``codec.freeze()`` or ``load_codec``.

    A string decodes to the same latents on every machine, for any number of threads and any batch size. The
    analysis and synthesis transforms are float networks: another machine may round a rare latent the other
    way when it compresses, and may differ in the last bits of the pixels, at most 1 of 255 after rounding.

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
        self.architecture = architecture
        self.downsampling_factor = downsampling_factor
        self.g_a, self.g_s, self.latent_coder = g_a, g_s, latent_coder
        self.notes = Notes()
        self.fingerprint = _fingerprint(architecture, self.decoder_tensors())

    def compress(self, x: Tensor) -> tuple[Compressed, ...]:
        """Code a batch of images.

        Args:
            x: (B, 3, H, W) in [0, 1], any H, W >= 1.

        Returns:
            One ``Compressed`` per image.

        Raises:
            ShapeError: if ``x`` is not (B, 3, H, W).
            FreezeError: if a latent is not finite.
        """
        size = check_image(x)
        return tuple(Compressed(self.encode(image[None]).strings, size) for image in x)

    def decompress(self, packed: Sequence[Compressed]) -> Tensor:
        """Decode images of one size.

        Args:
            packed: what ``compress`` gave.

        Returns:
            (B, 3, H, W), float32 in [0, 1].

        Raises:
            ShapeError: if there are none, or their sizes differ.
            CodecMismatch: if the number of strings is not this codec's.
            Corrupt: if a string cannot have been made by this codec.
        """
        if len({compressed.size for compressed in packed}) != 1:
            raise ShapeError(f"images of one size, at least one; got {[c.size for c in packed]}.")
        return torch.cat([self._decompress(compressed) for compressed in packed])

    def encode(self, x: Tensor) -> Coded:
        """``compress`` for one image (1, 3, H, W), with the decoder's latents and counts."""
        with _full_float32(self._device):
            return self.latent_coder.encode(self._analyse(x))

    def bits(self, x: Tensor) -> tuple[Tensor, ...]:
        """What every symbol of one image (1, 3, H, W) costs.

        Returns:
            For each latent, outermost first, (1, C, h, w) bits, float32: the information content under the
            integer tables. Their sum is the length of the strings to within 0.5 % and a few bytes.
        """
        with _full_float32(self._device):
            return self.latent_coder.bits(self._analyse(x))

    def synthesise(self, y_hat: Tensor, size: tuple[int, int]) -> Tensor:
        """The image (1, 3, H, W) in [0, 1] of decoded latents (1, M, h, w)."""
        with _full_float32(self._device):
            y_hat = y_hat.to(self._device).contiguous(memory_format=torch.channels_last)
            pixels_per_row = LATENT_STRIDE**2 * y_hat.shape[3]
            x_hat = in_strips(
                self.g_s, y_hat, rows_in=1, rows_out=LATENT_STRIDE, pixels_per_row=pixels_per_row
            )
            return x_hat[..., : size[0], : size[1]].clamp(0, 1).contiguous()

    def decoder_tensors(self) -> dict[str, Tensor]:
        """Everything that decoding depends on, by name."""
        return {
            **{f"g_s.{name}": tensor for name, tensor in self.g_s.state_dict().items()},
            **self.latent_coder.tensors("y"),
        }

    def encoder_tensors(self) -> dict[str, Tensor]:
        """The rest: what only compressing depends on."""
        found = {f"g_a.{name}": tensor for name, tensor in self.g_a.state_dict().items()}
        return {**found, **self.latent_coder.encoder_tensors()}

    @property
    def _device(self) -> torch.device:
        return next(self.g_s.parameters()).device

    def _analyse(self, x: Tensor) -> Tensor:
        # One by one and in float32, so that neither batch nor autocast can change a symbol.
        x = pad_to(x.to(self._device, torch.float32), self.downsampling_factor)
        x = x.contiguous(memory_format=torch.channels_last)
        pixels_per_row = LATENT_STRIDE * x.shape[3]
        y = in_strips(self.g_a, x, rows_in=LATENT_STRIDE, rows_out=1, pixels_per_row=pixels_per_row)
        return y.contiguous()

    def _decompress(self, compressed: Compressed) -> Tensor:
        if len(compressed.strings) != self.latent_coder.latents:
            raise CodecMismatch(
                f"{len(compressed.strings)} strings, but a {self.architecture.name} writes "
                f"{self.latent_coder.latents}. Use the codec file the stream was made with."
            )
        H, W = padded_size(*compressed.size, self.downsampling_factor)
        with torch.inference_mode():
            y_hat = self.latent_coder.decode(compressed.strings, H // LATENT_STRIDE, W // LATENT_STRIDE)
        return self.synthesise(y_hat, compressed.size)


@contextmanager
def _full_float32(device: torch.device) -> Iterator[None]:
    """No gradients, no autocast, and no TF32, whose 10 bits would show in the pixels."""
    with (
        torch.inference_mode(),
        torch.autocast(device.type, enabled=False),
        torch.backends.cudnn.flags(enabled=True, allow_tf32=False),
    ):
        yield


def frozen_copy(net: nn.Sequential) -> nn.Sequential:
    """A float32 copy in eval mode and channels_last, without gradients.

    Raises:
        FreezeError: if a weight is not finite.
    """
    frozen = copy.deepcopy(net).float().eval().requires_grad_(False).to(memory_format=torch.channels_last)
    for module in frozen:
        if isinstance(module, GDN):
            module.inplace = True  # its input is a convolution's output, which nobody else sees
    for name, parameter in frozen.named_parameters():
        if not parameter.isfinite().all():
            raise FreezeError(f"weight {name} is not finite; the codec has diverged.")
    return frozen


def loaded_copy(net: nn.Sequential, prefix: str, tensors: Mapping[str, Tensor]) -> nn.Sequential:
    """A frozen copy of ``net`` with the weights ``prefix.*`` of ``tensors``.

    Raises:
        FreezeError: if names or shapes do not fit, or a weight is not finite.
    """
    weights = {
        name.removeprefix(f"{prefix}."): tensor
        for name, tensor in tensors.items()
        if name.startswith(f"{prefix}.")
    }
    loaded = copy.deepcopy(net)
    try:
        loaded.load_state_dict(weights, assign=True)
    except RuntimeError as error:
        raise FreezeError(
            f"the weights of {prefix} do not fit: {str(error).splitlines()[-1].strip()}"
        ) from error
    return frozen_copy(loaded)


def _fingerprint(architecture: Architecture, tensors: Mapping[str, Tensor]) -> bytes:
    """The first bytes of a SHA-256 over all that decoding depends on."""
    digest = hashlib.sha256(repr((architecture.name, sorted(architecture.init_args.items()))).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.digest()[:FINGERPRINT_BYTES]
