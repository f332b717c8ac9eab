"""A frozen codec: the only thing that compresses and decompresses."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal, NamedTuple, Self

import torch
from torch import Tensor

from litcodec.architecture import Architecture
from litcodec.bitstream import FINGERPRINT_BYTES
from litcodec.errors import CodecMismatch, FreezeError, RateError, ShapeError
from litcodec.frozen.padding import check_finite, check_image, check_range
from litcodec.frozen.refiner import Refiner
from litcodec.frozen.training_info import TrainingInfo
from litcodec.latent_coding import Coded
from litcodec.types import Compressed

Resolution = Literal["native", "half"]


class Stages(NamedTuple):
    """What is decoded from an image's bytes before and after an enhancer; both (1, 3, H, W) in [0, 1]."""

    inner: Tensor  # brought to full size by bicubic interpolation, where it is smaller
    enhanced: Tensor
    resolution: Resolution  # at which the inner codec coded it; chosen "native", it is not enhanced


class FrozenCodec(ABC):
    """Compresses images to strings and back. Made by ``codec.freeze()`` or ``load_codec``.

    A string decodes to the same latents on every machine, for any number of threads and any batch size.
    Transforms and enhancers are float networks: another machine may round a rare latent the other way when it
    compresses, and may differ in the last bits of the pixels, at most 1 of 255 after rounding.

    What a codec can do beyond that is asked of it, never of its class: ``qualities``, ``has_stages``,
    ``takes_mask``, ``has_realism``, ``lossless``, ``resolution``.

    Args:
        architecture: how to build the codec again.
        downsampling_factor: H and W are padded to multiples of it.
    """

    qualities: tuple[float, float] | None = None  # the lowest and the highest; None: it has one rate
    has_stages = False  # whether ``decode_stages`` shows an image before and after an enhancer
    takes_mask = False  # whether ``with_mask`` lets its encoder preserve a part of an image
    has_realism = False  # whether ``at_realism`` lets its decoder blend two syntheses
    lossless = False  # whether decoded images are exactly the 8-bit images that were coded
    decoder_only = False  # whether its file left out what compressing needs
    realism = 0.0  # of its decoder, see ``at_realism``
    second_fingerprint: bytes | None = None  # of the second synthesis, where there is one

    def __init__(self, architecture: Architecture, downsampling_factor: int) -> None:
        self.architecture = architecture
        self.downsampling_factor = downsampling_factor
        self.training = TrainingInfo()
        # What the fingerprint names the architecture by; older codec files had other words for it.
        self.identity = architecture.identity

    @cached_property
    def fingerprint(self) -> bytes:
        """The codec's name in streams: a hash of all that decoding depends on."""
        return fingerprint_of(self.identity, self.decoder_tensors())

    @property
    def decoder(self) -> str:
        """What decides pixels, hexadecimal: the fingerprint, + that of a second synthesis in use."""
        second = self.second_fingerprint if self.realism else None
        return self.fingerprint.hex() + (f"+{second.hex()}" if second is not None else "")

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where the float networks are. What is exact runs on the CPU."""

    @abstractmethod
    def to(self, device: torch.device | str) -> Self:
        """Move the float networks, in place; returns the codec itself."""

    def compress(self, x: Tensor) -> tuple[Compressed, ...]:
        """Code a batch of images.

        Args:
            x: (B, 3, H, W) in [0, 1], any H, W >= 1.

        Returns:
            One ``Compressed`` per image.

        Raises:
            ShapeError: if ``x`` is not (B, 3, H, W), or its values are those of 0..255.
            FreezeError: if a latent is not finite, or the codec is ``decoder_only``.
        """
        self._check_encoder()
        size = check_image(x)
        check_range(x)
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
            FreezeError: if the image is not finite.
        """
        if len({compressed.size for compressed in packed}) != 1:
            raise ShapeError(f"images of one size, at least one; got {[c.size for c in packed]}.")
        for compressed in packed:
            self._check_number(compressed.strings)
        x_hat = torch.cat([self.decode(compressed.strings, compressed.size) for compressed in packed])
        check_finite(x_hat)  # whoever's codec it is
        return x_hat

    def resolution(self, strings: tuple[bytes, ...]) -> Resolution | None:
        """At which size an image was coded, as its strings say; None if this codec never had a choice."""
        return None

    def at_quality(self, quality: float) -> "FrozenCodec":
        """The same codec, its encoder set to a quality in the range of ``qualities``.

        Raises:
            RateError: if it has one rate.
            ShapeError: if there is no such quality.
        """
        raise RateError(f"a {self.architecture.name} has one rate, no quality {quality:g}.")

    def aimed_at(self, bpp: float) -> "FrozenCodec | None":
        """The same codec whose encoder aims at a rate by itself; None if a rate has to be searched for."""
        return None

    def quality_of(self, strings: tuple[bytes, ...]) -> float | None:
        """At which quality an image was coded, as its strings say; None if the codec has one rate."""
        return None

    def largest_within(self, x: Tensor, max_bytes: int) -> Compressed:
        """The image (1, 3, H, W) at the highest quality whose complete stream has at most ``max_bytes``.

        Raises:
            RateError: if the codec has one rate, or its lowest needs more.
        """
        raise RateError(
            f"a {self.architecture.name} has one rate and cannot be made to fit {max_bytes} bytes."
        )

    def _check_encoder(self) -> None:
        if self.decoder_only:
            raise FreezeError(
                "this codec only decodes: its file has no encoder. Compress with another; "
                "litcodec codecs lists them."
            )

    def decode_stages(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> Stages:
        """``decode``, and what there was before the enhancer; where ``has_stages``."""
        raise NotImplementedError(f"a {self.architecture.name} has no enhancer.")

    def stages(self, x: Tensor) -> Stages:
        """``decode_stages`` of one image (1, 3, H, W) that is coded first."""
        return self.decode_stages(self.encode(x).strings, check_image(x))

    def with_rdoq(self, rdoq_lambda: float) -> "FrozenCodec":
        """The same codec whose encoder rounds by rate and distortion; any decoder of it reads its streams.

        Args:
            rdoq_lambda: how many bits a squared error of one quantisation step is worth, see
                ``latent_coding/rdoq.py``.

        Raises:
            FreezeError: if the codec has no Gaussian for every latent, or ``rdoq_lambda`` is not above 0.
        """
        raise FreezeError(f"a {self.architecture.name} has no Gaussians to weigh bits with.")

    def with_refiner(self, refiner: Refiner) -> "FrozenCodec":
        """The same codec whose encoder refines y, and keeps what is better in real bytes.

        Raises:
            FreezeError: if the codec has no hyperprior, or no Gaussians for y.
        """
        raise FreezeError(
            f"the encoder of a {self.architecture.name} refines no latents: that takes a codec with a "
            "hyperprior, of one rate or of variable rate."
        )

    def with_mask(self, mask: Tensor) -> "FrozenCodec":
        """The same codec whose encoder preserves what a mask says and lets the rest be generated.

        Args:
            mask: (H, W), bool, of the images that it will compress; set where pixels are preserved.

        Raises:
            FreezeError: if it takes no mask, see ``takes_mask``.
            ShapeError: if ``mask`` is none.
        """
        raise FreezeError(f"a {self.architecture.name} codes whole images and takes no mask.")

    def synthesis_tensors(self) -> dict[str, Tensor]:
        """The weights of its synthesis, by name; raises ``FreezeError`` if no other can take its place."""
        raise FreezeError(f"a {self.architecture.name} has no synthesis that another could stand beside.")

    def with_second_synthesis(self, tensors: Mapping[str, Tensor]) -> "FrozenCodec":
        """The same codec with a second synthesis of the same layers, which decodes the same streams.

        Args:
            tensors: its weights, named as ``synthesis_tensors`` names those of the first.

        Raises:
            FreezeError: if they do not fit, or no other synthesis can take the place of the codec's.
        """
        raise FreezeError(f"a {self.architecture.name} has no synthesis that another could stand beside.")

    def at_realism(self, realism: float) -> "FrozenCodec":
        """The same codec that decodes to ``(1 - realism) * first image + realism * second image``.

        Yan et al., "On perceptual lossy compression: the cost of perceptual reconstruction and an optimal
        training framework", ICML 2021, https://arxiv.org/abs/2106.02782: between the decoder of least
        distortion and one of perfect realism, these images have the least distortion for their realism.

        Raises:
            FreezeError: if it has one synthesis alone, and ``realism`` is not 0.
            ShapeError: if ``realism`` is not 0 to 1.
        """
        if realism == 0:
            return self
        raise FreezeError(f"this {self.architecture.name} has one synthesis alone, so no realism to choose.")

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
        """The first half of ``decode``: exactly the ``y_hat`` that ``encode`` reported."""

    @abstractmethod
    def bits(self, x: Tensor, resolution: Resolution | None = None) -> tuple[Tensor, ...]:
        """What every symbol of one image (1, 3, H, W) costs.

        Args:
            x: the image.
            resolution: what ``encode`` has chosen, if that is known: then it is not tried again.

        Returns:
            For each latent, outermost first, (1, C, h, w) bits, float32: the information content under the
            integer tables. Their sum is the length of the strings to within 0.5 % and a few bytes.
        """

    def bits_of(self, strings: tuple[bytes, ...], size: tuple[int, int]) -> tuple[Tensor, ...] | None:
        """``bits`` of an image that is coded already; None where the image itself is needed."""
        return None

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


def fingerprint_of(identity: str, tensors: Mapping[str, Tensor]) -> bytes:
    """The first bytes of a SHA-256 over all that decoding depends on."""
    digest = hashlib.sha256(identity.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.digest()[:FINGERPRINT_BYTES]
