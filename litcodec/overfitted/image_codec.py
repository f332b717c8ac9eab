"""A fitted image as a codec in training: callbacks watch it, ``litcodec export`` makes a file of it."""

from collections.abc import Mapping

import torch
from torch import Tensor

from litcodec.codecs import Codec
from litcodec.errors import FreezeError, OptionError, ShapeError
from litcodec.frozen.padding import check_image
from litcodec.latent_models import Latents
from litcodec.overfitted.codec import (
    DIGEST_BYTES,
    ENCODER_TENSORS,
    FittedBefore,
    FrozenOverfitted,
    write,
)
from litcodec.overfitted.entropy_network import features_of, surround
from litcodec.overfitted.model import Networks
from litcodec.overfitted.presets import SIDE_MAX, Preset, grid_sizes, levels_for, preset_named
from litcodec.overfitted.trainer import GAIN, Overfitter, digest_of
from litcodec.overfitted.weights import check_sizes, sizes_of
from litcodec.types import CodecOutput


class OverfittedCodec(Codec):
    """Networks and grids of one image, the only one that it codes.

    Args:
        preset: sizes of the networks.
        height: of the image.
        width: of the image.
        finest: the finest grid that is coded.
        sizes: of the networks, as ``Preset`` lists them, where they are not those of the preset.

    Raises:
        FreezeError: if a stream has no room for such an image or such networks.
    """

    pixels: Tensor  # of the image, (3, H, W), uint8
    rate_weight: Tensor

    def __init__(
        self,
        preset: str = "lop",
        *,
        height: int,
        width: int,
        finest: int = 0,
        sizes: list[int] | None = None,
    ) -> None:
        super().__init__()
        self.levels, self.finest = levels_for(height, width), finest
        self.only_size = (height, width)
        if not (1 <= min(self.only_size) <= max(self.only_size) <= SIDE_MAX and 0 <= finest < self.levels):
            raise FreezeError(f"a stream holds no {height} x {width} pixels without {finest} of the grids.")
        networks = preset_named(preset) if sizes is None else Preset(*sizes)
        check_sizes(networks)  # before networks of a damaged file's sizes are made
        self.networks = Networks(networks, self.levels)
        self.register_buffer("rate_weight", torch.zeros((), dtype=torch.float64))
        self.register_buffer("pixels", torch.zeros(3, height, width, dtype=torch.uint8))
        for k, size in enumerate(grid_sizes(height, width, self.levels)):
            self.register_buffer(f"grid{k}", torch.zeros(size))

    @classmethod
    def of(cls, fit: Overfitter) -> "OverfittedCodec":
        """The codec of a fit under way; it shares the fit's networks and grids."""
        H, W = fit.x.shape[2:]
        settings = fit.settings
        sizes = _sizes(fit.networks, settings.preset)
        codec = cls(settings.preset, height=H, width=W, finest=fit.finest, sizes=sizes)
        codec.to(fit.x.device)
        codec.rate_weight.fill_(fit.weight)
        codec.pixels.copy_((fit.x[0] * 255).round())
        codec.networks = fit.networks
        for k, grid in enumerate(fit.grids):
            setattr(codec, f"grid{k}", grid)
        return codec

    @property
    def x(self) -> Tensor:
        """The image, (1, 3, H, W) in [0, 1]."""
        return self.pixels[None].float() / 255

    @property
    def weight(self) -> float:
        """Of a bit per pixel, beside the MSE on [0, 1]; networks are rounded by it."""
        return float(self.rate_weight)

    @property
    def downsampling_factor(self) -> int:
        """1: grids of odd sides are rounded up, nothing is padded."""
        return 1

    @torch.no_grad()
    def symbols(self) -> list[Tensor]:
        """The grids, rounded, (h, w) each, the finest first."""
        return [torch.round(getattr(self, f"grid{k}") * GAIN) for k in range(self.levels)]

    def bits(self, y: list[Tensor]) -> list[Tensor]:
        """Estimated bits of each of the grids ``y``, the finest first; 0 of those that are not coded."""
        none = y[0].new_zeros(())
        coded = range(self.finest, self.levels)
        bits = self.networks.entropy.bits
        return [none] * self.finest + [bits(surround(y[k]), features_of(y, k)) for k in coded]

    def forward(self, x: Tensor) -> CodecOutput:
        """Reconstruct the image from rounded symbols; all symbols of a grid get their mean likelihood.

        Args:
            x: of the size of the image; not looked at otherwise.

        Raises:
            ShapeError: if it has another size.
        """
        size = check_image(x)
        if size != self.only_size:
            raise ShapeError(f"this codec was fitted to an image of {self.only_size}, not {size}.")
        y = self.symbols()
        likelihoods = [
            torch.exp2(-bits / grid.numel()).expand(1, 1, *grid.shape)
            for bits, grid in zip(self.bits(y), y, strict=True)
        ]
        return CodecOutput(self.networks.reconstruct(y), tuple(likelihoods))

    def latents(self, x: Tensor) -> Latents:
        """Refuse: there are grids, no y.

        Raises:
            OptionError: always.
        """
        raise OptionError(
            "an overfitted codec has grids instead of y and z: its statistics are logged as latents/…, "
            "leave EntropyStatistics out."
        )

    def freeze(self) -> FrozenOverfitted:
        """Write networks and grids: a codec that compresses this image alone.

        Raises:
            FreezeError: if networks are of classes that no stream holds.
        """
        return self._frozen(digest_of(self.x), write(self).strings)

    def restore(self, tensors: Mapping[str, Tensor]) -> FrozenOverfitted:
        """Read what a codec file holds of the image.

        Raises:
            FreezeError: if it holds something else.
        """
        if set(tensors) != set(ENCODER_TENSORS) or any(t.dtype != torch.uint8 for t in tensors.values()):
            raise FreezeError(f"a file of an overfitted codec holds {', '.join(ENCODER_TENSORS)}.")
        networks, grids, digest = (tensors[name].numpy().tobytes() for name in ENCODER_TENSORS)
        return self._frozen(int.from_bytes(digest[:DIGEST_BYTES], "little"), (networks, grids))

    def _frozen(self, digest: int, strings: tuple[bytes, bytes]) -> FrozenOverfitted:
        return FrozenOverfitted(fitted=FittedBefore(digest, strings, self.architecture))


def _sizes(networks: Networks, preset: str) -> list[int] | None:
    """Of networks that can be written and are not of a preset's sizes."""
    try:
        sizes = sizes_of(networks)
    except FreezeError:
        return None
    return None if sizes == preset_named(preset) else list(sizes)
