"""``-`` as an input or an output of ``compress`` and ``decompress``: standard input and standard output."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from litcodec.errors import LitcodecError, OutputExists, TooLarge

DASH = Path("-")
_CHUNK = 2**20
Result = TypeVar("Result", bound=tuple[Any, ...])


def through_files(
    path: Path, output: Path, one: Callable[[Path, Path], Result], *, max_pixels: int
) -> Result:
    """``one(path, output)``, with files of its own where one of them is ``-``.

    Raises:
        TooLarge: if standard input has more bytes than any image of ``max_pixels``.
        OutputExists: if standard output is a terminal.
    """
    if DASH not in (path, output):
        return one(path, output)
    if output == DASH and sys.stdout.isatty():
        raise OutputExists("standard output is a terminal. Use -o to write to a file.")
    with tempfile.TemporaryDirectory(prefix="litcodec-") as folder:
        read = Path(folder, "standard input") if path == DASH else path
        written = Path(folder, "standard output") if output == DASH else output
        if path == DASH:
            with read.open("wb") as file:
                _copy(sys.stdin.buffer, file, limit=16 * max_pixels + 2**26)
        try:
            result = one(read, written)
        except LitcodecError as error:  # the folder means nothing to anybody
            raise type(error)(str(error).replace(f"{folder}{os.sep}", "")) from error
        if output == DASH:
            with written.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    return result


def _copy(source: BinaryIO, target: BinaryIO, *, limit: int) -> None:
    copied = 0
    while chunk := source.read(_CHUNK):
        copied += len(chunk)
        if copied > limit:
            raise TooLarge(f"standard input goes on after {limit} bytes. Raise --max-pixels if you trust it.")
        target.write(chunk)
