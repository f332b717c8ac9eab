"""One picture through one codec: a real file, written, read back, decoded and compared."""

import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote_plus

from torch import Tensor

from litcodec.data import read_image
from litcodec.errors import LitcodecError
from litcodec.evaluation.candidates import Candidate
from litcodec.evaluation.outputs import atomic_output
from litcodec.evaluation.results import Failure, Score
from litcodec.metrics import bpp, quality

# What may be wrong with one picture and not with the next; torch's out of memory is a RuntimeError.
_FAILURES = (LitcodecError, OSError, MemoryError, RuntimeError)


class Picture(NamedTuple):
    """A picture to evaluate on."""

    name: str  # path below the folder of pictures, with forward slashes
    path: Path
    sha256: str  # "" if it cannot be read


class Coded(NamedTuple):
    """A coded picture in its file."""

    x: Tensor  # the original, (3, H, W) uint8
    path: Path
    encode_s: float


class Measuring:
    """Measures pictures with one candidate, after coding the first one once for nothing, to warm up.

    Args:
        candidate: what to measure.
        files: where the coded files go, in folders named for curve and setting.
        beside: the folder of the results file, if the coded files are kept.
        max_pixels: refuse larger pictures.
    """

    def __init__(self, candidate: Candidate, *, files: Path, beside: Path | None, max_pixels: int) -> None:
        self.coder = candidate.coder
        self.folder = files / _folder_name(candidate.point.curve) / _folder_name(candidate.point.setting)
        self.beside = beside
        self.max_pixels = max_pixels
        self._warm = False

    def __call__(self, picture: Picture) -> Score | Failure:
        """Measure one picture.

        Raises:
            OSError: if the coded file cannot be written: a full disk is not the picture's fault.
        """
        try:
            x = read_image(picture.path, max_pixels=self.max_pixels)
            if not self._warm:
                self.coder.decode(self.coder.encode(x))
                self._warm = True
            start = time.perf_counter()
            data = self.coder.encode(x)
            encode_s = time.perf_counter() - start
        except _FAILURES as error:
            return _failure(picture, error)
        path = self.folder / f"{picture.name}{self.coder.suffix}"
        with atomic_output(path, overwrite=True) as file:
            file.write(data)
        try:
            return self._score(picture, Coded(x, path, encode_s))
        except _FAILURES as error:
            return _failure(picture, error)

    def _score(self, picture: Picture, coded: Coded) -> Score:
        data = coded.path.read_bytes()
        start = time.perf_counter()
        x_hat = self.coder.decode(data)
        decode_s = time.perf_counter() - start
        H, W = coded.x.shape[1:]
        found = quality(coded.x, x_hat)
        return Score(
            image=picture.name,
            sha256=picture.sha256,
            width=W,
            height=H,
            bytes=len(data),
            bpp=bpp(len(data), (H, W)),
            psnr_rgb=found.psnr,
            psnr_luma=found.psnr_luma,
            ms_ssim=found.ms_ssim,
            ms_ssim_db=found.ms_ssim_db,
            encode_s=coded.encode_s,
            decode_s=decode_s,
            file="" if self.beside is None else coded.path.relative_to(self.beside).as_posix(),
        )


def _failure(picture: Picture, error: BaseException) -> Failure:
    return Failure(picture.name, str(error).partition("\n")[0] or type(error).__name__)


def _folder_name(text: str) -> str:
    """Another one for every text, readable and safe: no slash, not hidden."""
    name = quote_plus(text, safe="=,()")
    return f"%2E{name[1:]}" if name.startswith(".") else name
