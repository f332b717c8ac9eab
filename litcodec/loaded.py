"""A codec for images of Pillow, NumPy or torch: what ``litcodec.load`` returns."""

import io
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, Self, overload

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from litcodec.bitstream import pack
from litcodec.codec_files import load_codec, with_synthesis_beside
from litcodec.data import decode_image
from litcodec.device import find_device
from litcodec.errors import ShapeError
from litcodec.evaluation import RateTarget, check_target, stream_for
from litcodec.frozen import FrozenCodec, from_stream
from litcodec.limits import MAX_PIXELS
from litcodec.overfitted import FINGERPRINT, FrozenOverfitted, Overfitter, Progress, Settings, run
from litcodec.plugins import load_plugins
from litcodec.refinement import with_effort
from litcodec.types import Compressed
from litcodec.zoo import codec_path, default_card

Levels = npt.NDArray[np.uint8]
Kind = Literal["pil", "numpy", "tensor"]
OVERFITTED = "overfit"  # the name of the decoder that finds its networks in the stream


class LoadedCodec:
    """Compresses one image to the bytes of a ``.litc`` file, and decompresses it.

    Args:
        frozen: the codec.
        path: of its file, beside which its second synthesis is looked for.
        roots: packages whose classes may be built; those that ``load_plugins`` finds if not given.
    """

    def __init__(
        self, frozen: FrozenCodec, path: Path | None = None, roots: tuple[str, ...] | None = None
    ) -> None:
        self.frozen, self.path, self._roots = frozen, path, roots

    def to(self, device: str | torch.device) -> Self:
        """Move it to another device, in place.

        Raises:
            DeviceError: if there is no such device.
        """
        self.frozen.to(find_device(device))
        return self

    def compress(
        self,
        image: Image.Image | Levels | Tensor,
        *,
        quality: float | None = None,
        bpp: float | None = None,
        max_bytes: int | None = None,
        effort: int = 0,
    ) -> bytes:
        """The complete ``.litc`` stream of an image.

        Args:
            image: a Pillow image (made RGB as the command line does), a uint8 array (H, W, 3) or (H, W), or a
                float tensor (3, H, W) or (1, 3, H, W) in [0, 1].
            quality: 1 to 100, for a codec of several rates; the middle if nothing is given.
            bpp: or the highest quality of at most this many bits per pixel.
            max_bytes: or of at most this many bytes.
            effort: 0 to 9, how much time to spend on a better stream, see ``refinement.with_effort``.

        Raises:
            ShapeError: if ``image`` is none of these, or there is no such quality.
            OptionError: if there is no such effort.
            FreezeError: if the codec has no latents that can be refined.
            RateError: if the codec has one rate, or the lowest takes more bytes than are allowed.
        """
        if sum(value is not None for value in (quality, bpp, max_bytes)) > 1:
            raise ShapeError("give one of quality, bpp and max_bytes.")
        target = RateTarget(quality, bpp, max_bytes)
        check_target(self.frozen, target)
        return stream_for(with_effort(self.frozen, effort, roots=self._roots), _as_tensor(image), target)

    @overload
    def decompress(self, data: bytes, *, realism: float = ..., max_pixels: int = ...) -> Image.Image: ...
    @overload
    def decompress(
        self, data: bytes, *, as_: Literal["pil"], realism: float = ..., max_pixels: int = ...
    ) -> Image.Image: ...
    @overload
    def decompress(
        self, data: bytes, *, as_: Literal["numpy"], realism: float = ..., max_pixels: int = ...
    ) -> Levels: ...
    @overload
    def decompress(
        self, data: bytes, *, as_: Literal["tensor"], realism: float = ..., max_pixels: int = ...
    ) -> Tensor: ...

    def decompress(
        self, data: bytes, *, as_: Kind = "pil", realism: float = 0.0, max_pixels: int = MAX_PIXELS
    ) -> Image.Image | Levels | Tensor:
        """The image of a stream.

        Args:
            data: all of it.
            as_: "pil", an RGB image; "numpy", uint8 (H, W, 3); "tensor", float32 (3, H, W) in [0, 1].
            realism: 0, least distortion, to 1, most realism; above 0 it takes a second synthesis, see
                ``docs/perception.md``.
            max_pixels: refuse larger images, before anything is allocated for them.

        Raises:
            BitstreamError: if the stream is damaged, too large, or of another codec.
            CodecFileError: if there is no second synthesis beside the codec file, or it is not the codec's.
            FreezeError: if no codec of this kind has one.
            ShapeError: if there is no such realism.
        """
        codec = self.frozen if realism == 0 else self._with_realism().at_realism(realism)
        x_hat = from_stream(codec, data, max_pixels=max_pixels)[0]
        if as_ == "tensor":
            return x_hat
        levels: Levels = (x_hat * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().cpu().numpy()
        return levels if as_ == "numpy" else Image.fromarray(levels)

    def _with_realism(self) -> FrozenCodec:
        if self.path is not None and not self.frozen.has_realism:
            self.frozen = with_synthesis_beside(self.frozen, self.path)
        return self.frozen


def load(codec: str | Path | None = None, *, device: str = "cpu", plugins: Iterable[str] = ()) -> LoadedCodec:
    """Load a codec that turns images into bytes and back.

    Args:
        codec: the name of a packaged codec or the path of a codec file; by default the best packaged one.
            "overfit" for streams of ``litcodec.overfit``.
        device: where its float networks run, such as "cpu" or "cuda".
        plugins: packages whose classes the file may name, beside those of ``LITCODEC_PLUGINS``.

    Raises:
        CodecFileError: if there is no such codec, or its file cannot be used.
        PluginError: if a plugin cannot be imported.
        DeviceError: if there is no such device.
    """
    if codec == OVERFITTED:
        return LoadedCodec(FrozenOverfitted()).to(device)
    path = default_card().file if codec is None else codec_path(Path(codec))
    roots = load_plugins(tuple(plugins))
    return LoadedCodec(load_codec(path, roots), path, roots).to(device)


def overfit(
    image: Image.Image | Levels | Tensor,
    *,
    minutes: float | None = None,
    iterations: int | None = None,
    preset: str = "lop",
    lmbda: float = 0.0154,
    bpp: float | None = None,
    seed: int = 0,
    device: str = "cpu",
    callback: Callable[[Progress], None] | None = None,
) -> bytes:
    """Fit a small codec to one image; the complete ``.litc`` stream, which has that codec in it.

    ``litcodec.load("overfit").decompress`` reads it, as ``litcodec decompress`` does.

    Args:
        image: as for ``LoadedCodec.compress``.
        minutes: how long to fit; 5 if neither this nor ``iterations`` is given.
        iterations: or how many steps.
        preset: "lop", "mop" or "hop": sizes of the networks.
        lmbda: weight of the distortion, 0.0008 for a low rate to 0.15 for a high one.
        bpp: or the approximate rate in bits per pixel.
        seed: of weights and noise.
        device: where to fit.
        callback: called with the progress after every step; a ``KeyboardInterrupt`` it raises ends the fit
            and keeps what it has reached.

    Raises:
        ShapeError: if ``image`` is none.
        OptionError: if a setting makes no sense.
        DeviceError: if there is no such device.
    """
    x = _as_tensor(image)
    settings = Settings(preset, lmbda, iterations, minutes, bpp, seed)
    written = run(Overfitter(x, settings, find_device(device)), callback)
    return pack(Compressed(written.strings, (x.shape[2], x.shape[3])), FINGERPRINT)


def _as_tensor(image: Image.Image | Levels | Tensor) -> Tensor:
    """(1, 3, H, W), float32 in [0, 1]."""
    if isinstance(image, Image.Image):
        return _rgb(image)[None].float() / 255
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
            raise ShapeError(f"an array is uint8 (H, W, 3) or (H, W); got {image.dtype} {image.shape}.")
        return _rgb(Image.fromarray(image))[None].float() / 255
    return image[None] if image.dim() == 3 else image


def _rgb(image: Image.Image) -> Tensor:
    """uint8 (3, H, W), made of any mode as reading it from a file would."""
    if image.mode == "RGB" and "icc_profile" not in image.info:
        return torch.from_numpy(np.array(image)).permute(2, 0, 1)
    file = io.BytesIO()
    image.save(file, format="TIFF" if image.mode == "CMYK" else "PNG", compress_level=0)
    return decode_image(
        file.getvalue(), name="the image", max_pixels=max(MAX_PIXELS, 64 * math.prod(image.size))
    )
