"""Decodes kept files to images, with the codecs that made them."""

import hashlib
import stat
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from litcodec.baselines import BASELINE_KEYS, LOSSLESS_KEYS, open_baselines
from litcodec.bitstream import read_stream, unpack
from litcodec.codec_files import with_synthesis_beside
from litcodec.data import read_image
from litcodec.errors import BaselineMissing, CodecFileError, ResultsError, TooLarge
from litcodec.evaluation import read_results
from litcodec.evaluation.results import Point, Results, Score
from litcodec.frozen import FrozenCodec, from_stream
from litcodec.limits import pixels_needed
from litcodec.metrics import bits_per_place
from litcodec.overfitted import open_codec


class Source(NamedTuple):
    """A results file that was read."""

    results: Results
    folder: Path  # where it lies


class Decoders:
    """All codecs of some results. Codec files are opened when first needed, and once.

    Args:
        max_pixels: refuse to decode larger images, whatever the results say of their size.
        device: where learned codecs run.
    """

    def __init__(self, *, max_pixels: int, device: torch.device) -> None:
        self._max_pixels, self._device = max_pixels, device
        self._baselines = {
            baseline.name: baseline for baseline in open_baselines((*BASELINE_KEYS, *LOSSLESS_KEYS)).found
        }
        self._codecs: dict[Path, FrozenCodec] = {}

    def decode(self, point: Point, score: Score, source: Source) -> Tensor:
        """The image that a kept file holds.

        Args:
            point: by what it was made.
            score: of the file.
            source: of both.

        Returns:
            uint8 (3, H, W).

        Raises:
            LitcodecError: if the codec or the file cannot be used.
        """
        _check_size(score, self._max_pixels)
        data = self._data(point, score, source)
        if point.kind == "codec":
            x_hat = from_stream(self._codec(point, source), data, max_pixels=self._max_pixels)
            pixels = (x_hat[0] * 255).round().to(torch.uint8).cpu()
        elif point.curve in self._baselines:
            pixels = self._baselines[point.curve].decompress(data)
        else:
            raise BaselineMissing(f"{point.curve} is not installed here.")
        if pixels.shape != (3, score.height, score.width):
            H, W = pixels.shape[1:]
            raise ResultsError(f"its file holds {W}x{H} pixels, not {score.width}x{score.height}.")
        return pixels

    def bits(self, point: Point, x: Tensor, score: Score, source: Source) -> Tensor | None:
        """Where a learned codec spends its bits on ``x``, (H, W) in bits per pixel; None for baselines.

        Args:
            point: the codec.
            x: the original, uint8 (3, H, W).
            score: of the kept file.
            source: of the point.

        Raises:
            LitcodecError: if the codec cannot be used.
        """
        if point.kind != "codec":
            return None
        codec = self._codec(point, source)
        data = self._data(point, score, source)
        packed = unpack(data, fingerprint=codec.fingerprint, max_pixels=self._max_pixels)
        bits = codec.bits_of(*packed)
        if bits is None:
            bits = codec.bits(x[None].float() / 255)
        return bits_per_place(bits, (x.shape[1], x.shape[2]), factor=codec.downsampling_factor).cpu()

    def _data(self, point: Point, score: Score, source: Source) -> bytes:
        path = source.folder / score.file
        return _read(path, score.bytes, stream=point.kind == "codec", max_pixels=self._max_pixels)

    def _codec(self, point: Point, source: Source) -> FrozenCodec:
        path = _found(Path(point.source), source.folder)
        if path not in self._codecs:
            self._codecs[path] = open_codec(path).to(self._device)
        if point.realism and not self._codecs[path].has_realism:
            self._codecs[path] = with_synthesis_beside(self._codecs[path], path)
        codec = self._codecs[path].at_realism(point.realism)
        if codec.decoder != point.fingerprint:
            raise CodecFileError(
                f"{path} has fingerprint {codec.decoder} by now; {point.fingerprint} was evaluated."
            )
        return codec


def read_original(score: Score, source: Source, *, max_pixels: int) -> Tensor:
    """The image that was evaluated, uint8 (3, H, W).

    Raises:
        ImageError: if it cannot be read, or has more than ``max_pixels`` pixels.
        ResultsError: if it has changed since.
    """
    path = _found(Path(source.results.images), source.folder) / score.image
    x = read_image(path, max_pixels=max_pixels)
    if hashlib.sha256(path.read_bytes()).hexdigest() != score.sha256:
        raise ResultsError(f"{path} has changed since it was evaluated.")
    return x


def files_behind(path: Path) -> list[Path]:
    """What a report of a results file is made from: that file, the originals, codec files and kept files.

    Raises:
        ResultsError: if the results file is missing or damaged.
    """
    results, folder = read_results(path), path.parent
    images = _found(Path(results.images), folder)
    codecs = {point.source for point in results.points if point.kind == "codec"}
    names = {score.image for point in results.points for score in point.scores}
    names |= {failure.image for point in results.points for failure in point.failures}
    kept = {score.file for point in results.points for score in point.scores if score.file}
    return [
        path,
        *(_found(Path(codec), folder) for codec in sorted(codecs)),
        *(images / name for name in sorted(names)),
        *(folder / file for file in sorted(kept)),
    ]


def _check_size(score: Score, max_pixels: int) -> None:
    needed = pixels_needed(score.height, score.width)
    if needed > max_pixels:
        raise TooLarge(
            f"{score.width}x{score.height} pixels are too many for the limit of {max_pixels};"
            f" raise it with --max-pixels {needed} if you trust the files."
        )


def _read(path: Path, size: int, *, stream: bool, max_pixels: int) -> bytes:
    """A kept file of ``size`` bytes; of a ``.litc`` stream its header first, then no more than that says."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ResultsError(f"{path} is not a regular file.")
        if found.st_size != size:
            raise ResultsError(f"its file has {found.st_size:,} bytes by now; {size:,} were evaluated.")
        with path.open("rb") as file:
            return read_stream(file, max_pixels=max_pixels) if stream else file.read(size)
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror}.") from error


def _found(path: Path, folder: Path) -> Path:
    """``path`` as given if it is there, else below ``folder``: results may have moved with all they need."""
    return folder / path if not path.exists() and (folder / path).exists() else path
