"""One image file through one codec: a real coded file, written, read back, decoded and compared."""

import errno
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote_plus

from torch import Tensor

from litcodec.data import read_image
from litcodec.errors import LitcodecError, OutputExists
from litcodec.evaluation.outputs import atomic_output
from litcodec.evaluation.results import Failure, Score
from litcodec.evaluation.results_file import MOST_OF_METRICS
from litcodec.evaluation.texts import has_control_characters, is_utf_8, one_line
from litcodec.evaluation.under_test import UnderTest
from litcodec.measure_image import measure_image
from litcodec.metrics import Metric

# What may be wrong with one image and not with the next; torch's out of memory is a RuntimeError.
_FAILURES = (LitcodecError, OSError, MemoryError, RuntimeError, ValueError, TypeError, ArithmeticError)

WARM_UP_S = 2.0  # a first coding that took longer is not repeated: what is done once is lost in it


class ImageFile(NamedTuple):
    """An image to evaluate on."""

    name: str  # path below the folder of images, with forward slashes
    path: Path
    sha256: str  # "" if it cannot be read


class _NotWritten(Exception):
    """The coded file could not be written: a full disk is not the image's fault."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class FileMeasurer:
    """Measures image files with one codec under test; the first one twice, to warm up, unless that is slow.

    Args:
        tested: what to measure.
        metrics: of the decoded images.
        files: where the coded files go, in folders named for curve and setting.
        beside: the folder of the results file, if the coded files are kept.
        max_pixels: refuse larger images.
    """

    def __init__(
        self,
        tested: UnderTest,
        metrics: Sequence[Metric],
        *,
        files: Path,
        beside: Path | None,
        max_pixels: int,
    ) -> None:
        self.coder = tested.coder
        self.metrics = metrics
        self.folder = files / _folder_name(tested.point.curve) / _folder_name(tested.point.setting)
        self.beside = beside
        self.max_pixels = max_pixels
        self._warm = False

    def __call__(self, image: ImageFile) -> Score | Failure:
        """Measure one image.

        Raises:
            OSError: if the coded file cannot be written.
        """
        if has_control_characters(image.path.as_posix()):
            return Failure(image.name, "its name holds control characters: rename it.")
        if not is_utf_8(image.path.as_posix()):
            return Failure(image.name, "its name is not UTF-8: rename it.")
        path = self._path(image)

        def written_and_read(data: bytes) -> bytes:
            if path.is_symlink():  # no file that evaluate kept; it may lead anywhere
                raise OutputExists(f"{path} is a link; kept files are written to no links.")
            try:
                with atomic_output(path, overwrite=True) as file:
                    file.write(data)
            except OSError as error:
                if error.errno == errno.ENAMETOOLONG:
                    raise
                raise _NotWritten(error) from error
            return path.read_bytes()

        try:
            x = read_image(image.path, max_pixels=self.max_pixels)
            found = measure_image(self.coder, x, self.metrics, through=written_and_read)
            if not self._warm and found.encode_s + found.decode_s < WARM_UP_S:
                found = measure_image(self.coder, x, self.metrics, through=written_and_read)
            self._warm = True
        except _NotWritten as error:
            raise error.reason from None
        except _FAILURES as error:
            return Failure(image.name, one_line(str(error)) or type(error).__name__)
        for name, value in found.scores.items():
            if math.isfinite(value) and abs(value) > MOST_OF_METRICS:
                return Failure(image.name, f"its {name} is {value:g}, more than a results file holds.")
        H, W = x.shape[1:]
        return Score(
            image=image.name,
            sha256=image.sha256,
            width=W,
            height=H,
            bytes=len(found.data),
            bpp=found.bpp,
            values=found.scores,
            encode_s=found.encode_s,
            decode_s=found.decode_s,
            file="" if self.beside is None else path.relative_to(self.beside).as_posix(),
        )

    def decoded(self, image: ImageFile, size: int) -> Tensor:
        """What an image that has a score decodes to, (3, H, W) uint8; coded again if its file is not kept.

        Args:
            image: which one.
            size: bytes of its coded file.

        Raises:
            LitcodecError: if the file is damaged.
        """
        path = self._path(image)
        kept = path.is_file() and not path.is_symlink() and path.stat().st_size == size
        if kept:
            data = path.read_bytes()
        else:
            data = self.coder.encode(read_image(image.path, max_pixels=self.max_pixels))
        return self.coder.decode(data)

    def _path(self, image: ImageFile) -> Path:
        return self.folder / f"{image.name}{self.coder.suffix}"


def _folder_name(text: str) -> str:
    """A unique, filesystem-safe folder name: no slash, not hidden."""
    name = quote_plus(text, safe="=,()")
    return f"%2E{name[1:]}" if name.startswith(".") else name
