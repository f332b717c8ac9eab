"""The chunks of a PNG: colour tags that Pillow ignores, and text because of which it would refuse the file.

Nothing here raises on a damaged file: Pillow will say what is wrong with it.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from litcodec.data.colour_tags import Cicp, ColourTags

MAX_PROFILE_BYTES = 2**24  # of an ICC profile, decompressed
_MAX_TEXT_BYTES = 2**20  # of a text chunk, decompressed; Pillow's own limit
_TEXT = (b"tEXt", b"zTXt", b"iTXt")
_ORIENTED = (b"XML:com.adobe.xmp", b"Raw profile type exif", b"Raw profile type APP1")


def png_metadata(file: BinaryIO) -> tuple[BinaryIO, ColourTags]:
    """Read a PNG's colour tags and leave out what Pillow would refuse the file for.

    Args:
        file: a PNG file, at any position.

    Returns:
        The file, or a copy in memory without its ICC profile and without text (but for XMP and EXIF of normal
        size, which may hold an orientation); and the colour tags.
    """
    found: dict[bytes, bytes] = {}
    kept: list[tuple[int, int]] = [(0, 8)]
    texts: set[bytes] = set()
    end = 8
    for kind, begin, length in _chunks(file):
        end = begin + length + 4
        if kind in _TEXT or kind == b"iCCP":
            file.seek(begin)
            data = file.read(length)
            keyword = data.partition(b"\0")[0]
            if kind == b"iCCP":
                found.setdefault(kind, data)
                continue
            if keyword not in _ORIENTED or keyword in texts or not _is_short(kind, data):
                continue
            texts.add(keyword)
        elif kind in (b"IHDR", b"cICP", b"sRGB", b"gAMA", b"cHRM") and length <= 32:
            file.seek(begin)
            found.setdefault(kind, file.read(length))
        kept.append((begin - 8, length + 12))
    whole = file.seek(0, io.SEEK_END)
    kept.append((end, whole - end))  # what follows the last chunk, or is left of one
    file.seek(0)
    if sum(length for _, length in kept) < whole and b"IHDR" in found:
        file = io.BytesIO(b"".join(_ranges(file, kept)))
    return file, _tags(found)


def _tags(found: dict[bytes, bytes]) -> ColourTags:
    header = found.get(b"IHDR", b"")
    tags = ColourTags(bits=header[8] if len(header) == 13 else 8)
    cicp, gamma, chromaticities = (found.get(kind, b"") for kind in (b"cICP", b"gAMA", b"cHRM"))
    if len(cicp) == 4:
        tags = tags._replace(cicp=Cicp(cicp[0], cicp[1], cicp[3] != 0))
    if b"iCCP" in found:
        compressed = found[b"iCCP"].partition(b"\0")[2][1:]
        tags = tags._replace(icc=_inflated(compressed, MAX_PROFILE_BYTES) or b"unusable")
    if len(gamma) == 4 and b"sRGB" not in found:
        tags = tags._replace(gamma=int.from_bytes(gamma, "big") / 1e5)
        if len(chromaticities) == 32:
            values = struct.unpack(">8I", chromaticities)
            tags = tags._replace(chromaticities=tuple(v / 1e5 for v in values))
    return tags


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Type, begin of the data and length of each chunk; less of the last one if the file is cut off."""
    size = file.seek(0, io.SEEK_END)
    position = 8
    while position + 12 <= size:
        file.seek(position)
        length, kind = struct.unpack(">I4s", file.read(8))
        yield kind, position + 8, min(length, size - position - 12)
        position += length + 12
        if kind == b"IEND":
            return


def _ranges(file: BinaryIO, kept: list[tuple[int, int]]) -> Iterator[bytes]:
    for begin, length in kept:
        file.seek(begin)
        yield file.read(length)


def _is_short(kind: bytes, data: bytes) -> bool:
    """Whether a text chunk is within Pillow's limit, also when decompressed."""
    rest = data.partition(b"\0")[2]
    if kind == b"zTXt":
        return _inflated(rest[1:], _MAX_TEXT_BYTES) is not None
    if kind == b"iTXt" and rest[:1] != b"\0":
        return _inflated(rest[2:].split(b"\0", 2)[-1], _MAX_TEXT_BYTES) is not None
    return len(data) <= _MAX_TEXT_BYTES


def _inflated(data: bytes, limit: int) -> bytes | None:
    """``data`` decompressed, None if it is damaged or longer than ``limit``."""
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(data, limit)
    except zlib.error:
        return None
    return plain if inflater.eof else None
