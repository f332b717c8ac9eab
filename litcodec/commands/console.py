"""Standard output and error that survive odd file names and closed pipes."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast


class _Descriptor(io.FileIO):
    """A file descriptor; what is written after its reader has gone is dropped."""

    def write(self, data: Any) -> int:
        """Write ``data``; what a closed pipe does not take is dropped."""
        try:
            return super().write(data)
        except BrokenPipeError:
            return len(data)


@contextlib.contextmanager
def tolerant_console() -> Iterator[None]:
    """Let ``sys.stdout`` and ``sys.stderr`` escape what their encoding lacks, and outlive their reader.

    Streams that are none of a process's own, such as a test's, are left alone.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = map(_tolerant, before)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = before


def _tolerant(stream: TextIO | None) -> TextIO:
    if stream is None:  # closed before we began
        return open(os.devnull, "w")
    buffer = getattr(stream, "buffer", None)
    if not isinstance(getattr(buffer, "raw", buffer), io.FileIO):  # unbuffered there is no raw
        return stream
    stream.flush()
    raw = cast(io.RawIOBase, _Descriptor(stream.fileno(), "wb", closefd=False))
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=True,
    )
