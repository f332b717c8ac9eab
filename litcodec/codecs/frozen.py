"""A frozen codec: the only thing that compresses and decompresses."""

import copy
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

from litcodec.bitstream import FINGERPRINT_BYTES
from litcodec.codecs.padding import check_image
from litcodec.errors import CodecMismatch, FreezeError, ShapeError
from litcodec.layers import GDN
from litcodec.types import Compressed

Net = TypeVar("Net", bound=nn.Module)
Resolution = Literal["native", "half"]
# Numbers and words; arguments of parts inside of those of the whole.
Arguments = dict[str, "int | float | str | Arguments"]


class Architecture(NamedTuple):
    """How to build a codec again: its class in ``litcodec.codecs`` and its arguments."""

    name: str
    init_args: Arguments


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


class FrozenCodec(ABC):
    """Compresses images to strings and back. Made by ``codec.freeze()`` or ``load_codec``.

    A string decodes to the same latents on every machine, for any number of threads and any batch size.
    Transforms and enhancers are float networks: another machine may round a rare latent the other way when it
    compresses, and may differ in the last bits of the pixels, at most 1 of 255 after rounding.

    Args:
        architecture: how to build the codec again.
        downsampling_factor: H and W are padded to multiples of it.
    """

    def __init__(self, architecture: Architecture, downsampling_factor: int) -> None:
        self.architecture = architecture
        self.downsampling_factor = downsampling_factor
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
        for compressed in packed:
            self._check_number(compressed.strings)
        return torch.cat([self.decode(compressed.strings, compressed.size) for compressed in packed])

    def resolution(self, strings: tuple[bytes, ...]) -> Resolution | None:
        """At which size an image was coded, as its strings say; None if this codec never had a choice."""
        return None

    @property
    @abstractmethod
    def string_count(self) -> int:
        """How many strings ``encode`` makes."""

    @abstractmethod
    def encode(self, x: Tensor) -> Coded:
        """``compress`` for one image (1, 3, H, W), with the decoder's latents and counts."""

    @abstractmethod
    def decode(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """``decompress`` for one image: (1, 3, H, W), float32 in [0, 1]."""

    @abstractmethod
    def decode_latents(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Tensor:
        """The first half of ``decode``: the very ``y_hat`` that ``encode`` reported."""

    @abstractmethod
    def bits(self, x: Tensor) -> tuple[Tensor, ...]:
        """What every symbol of one image (1, 3, H, W) costs.

        Returns:
            For each latent, outermost first, (1, C, h, w) bits, float32: the information content under the
            integer tables. Their sum is the length of the strings to within 0.5 % and a few bytes.
        """

    @abstractmethod
    def decoder_tensors(self) -> dict[str, Tensor]:
        """Everything that decoding depends on, by name."""

    @abstractmethod
    def encoder_tensors(self) -> dict[str, Tensor]:
        """The rest: what only compressing depends on."""

    def _check_number(self, strings: tuple[bytes, ...]) -> None:
        if len(strings) != self.string_count:
            raise CodecMismatch(
                f"{len(strings)} strings, but a {self.architecture.name} writes {self.string_count}. "
                "Use the codec file the stream was made with."
            )


@contextmanager
def full_float32(device: torch.device) -> Iterator[None]:
    """No gradients, no autocast, and no TF32, whose 10 bits would show in the pixels."""
    with (
        torch.inference_mode(),
        torch.autocast(device.type, enabled=False),
        torch.backends.cudnn.flags(enabled=True, allow_tf32=False),
    ):
        yield


def frozen_copy(net: Net) -> Net:
    """A float32 copy in eval mode and channels_last, without gradients.

    Raises:
        FreezeError: if a weight is not finite.
    """
    frozen = copy.deepcopy(net).float().eval().requires_grad_(False).to(memory_format=torch.channels_last)
    for module in frozen.modules():
        if isinstance(module, GDN):
            module.inplace = True  # its input is a convolution's output, which nobody else sees
    for name, parameter in frozen.named_parameters():
        if not parameter.isfinite().all():
            raise FreezeError(f"weight {name} is not finite; the codec has diverged.")
    return frozen


def loaded_copy(net: Net, prefix: str, tensors: Mapping[str, Tensor]) -> Net:
    """A frozen copy of ``net`` with the weights ``prefix.*`` of ``tensors``.

    Raises:
        FreezeError: if names or shapes do not fit, or a weight is not finite.
    """
    loaded = copy.deepcopy(net)
    try:
        loaded.load_state_dict(part_of(tensors, prefix), assign=True)
    except RuntimeError as error:
        raise FreezeError(
            f"the weights of {prefix} do not fit: {str(error).splitlines()[-1].strip()}"
        ) from error
    return frozen_copy(loaded)


def part_of(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Those called ``prefix.*``, without the prefix."""
    dotted = f"{prefix}."
    return {name.removeprefix(dotted): v for name, v in tensors.items() if name.startswith(dotted)}


def _fingerprint(architecture: Architecture, tensors: Mapping[str, Tensor]) -> bytes:
    """The first bytes of a SHA-256 over all that decoding depends on."""
    digest = hashlib.sha256(repr((architecture.name, sorted(architecture.init_args.items()))).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.digest()[:FINGERPRINT_BYTES]
