"""Reads one stream from a file: the header first, then no more than the header says."""

from typing import BinaryIO

from litcodec.bitstream.container import check_size
from litcodec.bitstream.header import HEADER_BYTES_MAX, parse
from litcodec.limits import MAX_PIXELS

_CHUNK = 2**20  # bytes: what a header claims is not allocated before it is there


def read_stream(file: BinaryIO, *, max_pixels: int = MAX_PIXELS) -> bytes:
    """The bytes of a stream, for ``unpack``, and one more byte if the file goes on after it.

    Args:
        file: open for reading; need not be seekable.
        max_pixels: refuse images with more, before the payload is read.

    Raises:
        BadMagic, UnsupportedVersion, Truncated, Corrupt: as ``read_header`` does, before the payload is read.
        TooLarge: if the image has too many pixels, or would have when padded.
    """
    data = bytearray(file.read(HEADER_BYTES_MAX))
    layout = parse(bytes(data))
    check_size(layout.header.size, max_pixels)
    wanted = layout.payload_start + sum(layout.header.lengths) + 1
    while len(data) < wanted:
        chunk = file.read(min(_CHUNK, wanted - len(data)))
        if not chunk:
            break
        data += chunk
    return bytes(data)
