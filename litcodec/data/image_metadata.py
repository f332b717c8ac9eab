"""What Pillow does not say about an image file, read from its bytes before anything is decoded.

Colour tags that Pillow passes over (PNG's cICP, gAMA and cHRM; nclx of AVIF and HEIC), the number of scans of
a JPEG, the size of a JPEG XL. Nothing here raises on a damaged file: Pillow will say what is wrong with it.
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

MAX_PROFILE_BYTES = 2**24  # of a PNG's ICC profile, decompressed
_MAX_TEXT_BYTES = 2**20  # of a text chunk of a PNG, decompressed; Pillow's own limit
_ORIENTED = (b"XML:com.adobe.xmp", b"Raw profile type exif", b"Raw profile type APP1")
_PNG_TEXT = (b"tEXt", b"zTXt", b"iTXt")
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)


class Cicp(NamedTuple):
    """Code points of ITU-T H.273."""

    primaries: int
    transfer: int
    full_range: bool


class ColourTags(NamedTuple):
    """What a file says about its colours; the first of those that are there counts."""

    cicp: Cicp | None = None
    icc: bytes | None = None
    gamma: float | None = None  # exponent that encodes, 0.45455 for the usual 2.2
    chromaticities: tuple[float, ...] | None = None  # x, y of white, red, green, blue
    bits: int = 8  # per sample


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
    for kind, begin, length in _png_chunks(file):
        end = begin + length + 4
        if kind in _PNG_TEXT or kind == b"iCCP":
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
    return file, _png_tags(found)


def _png_tags(found: dict[bytes, bytes]) -> ColourTags:
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


def _png_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
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


def iso_metadata(file: BinaryIO) -> ColourTags:
    """Read the colour tags of the primary item of an AVIF or HEIC file.

    Args:
        file: the file, at any position.

    Returns:
        cicp and bits; the profile is left to Pillow.
    """
    try:
        meta = _meta_box(file)
        primary, properties, owned = 0, [], {}
        for kind, data in _boxes(meta[4:]):
            if kind == b"pitm":
                primary = int.from_bytes(data[4:6] if data[0] == 0 else data[4:8], "big")
            elif kind == b"iprp":
                for inner, content in _boxes(data):
                    if inner == b"ipco":
                        properties = list(_boxes(content))
                    elif inner == b"ipma":
                        owned |= _associations(content)
    except (struct.error, IndexError):
        return ColourTags()
    tags = ColourTags()
    for index in owned.get(primary, ()):
        kind, data = properties[index - 1] if 1 <= index <= len(properties) else (b"", b"")
        if kind == b"colr" and data[:4] == b"nclx" and len(data) >= 11 and tags.cicp is None:
            primaries, transfer = struct.unpack_from(">HH", data, 4)
            # The decoder has widened a narrow range already.
            tags = tags._replace(cicp=Cicp(primaries, transfer, True))
        elif kind == b"pixi" and len(data) > 5:
            tags = tags._replace(bits=max(data[5:]))
    return tags


def _meta_box(file: BinaryIO) -> bytes:
    position = 0
    for _ in range(64):
        file.seek(position)
        size, kind = struct.unpack(">I4s", file.read(8))
        if kind == b"meta" and 8 <= size <= 2**24:
            return file.read(size - 8)
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
        if size < 8 or size >= 2**62:
            break
        position += size
    return b""


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        header = 8
        if size == 1 and position + 16 <= len(data):
            header, (size,) = 16, struct.unpack_from(">Q", data, position + 8)
        elif size == 0:  # to the end
            size = len(data) - position
        if size < header:
            return
        yield kind, data[position + header : position + size]
        position += size


def _associations(data: bytes) -> dict[int, list[int]]:
    """Item -> numbers of its properties, from 1, of an ipma box."""
    version, wide = data[0], data[3] & 1
    (entries,) = struct.unpack_from(">I", data, 4)
    position, found = 8, {}
    for _ in range(min(entries, len(data))):
        item_bytes = 4 if version else 2
        item = int.from_bytes(data[position : position + item_bytes], "big")
        count, position = data[position + item_bytes], position + item_bytes + 1
        step = 2 if wide else 1
        numbers = (data[position + i * step : position + (i + 1) * step] for i in range(count))
        mask = 0x7FFF if wide else 0x7F
        found[item] = [int.from_bytes(number, "big") & mask for number in numbers]
        position += count * step
    return found


def jpeg_scans(data: bytes | memoryview, *, limit: int) -> int:
    """Count the scans of a JPEG, up to ``limit`` + 1, by its markers alone."""
    position, scans = 2, 0
    while scans <= limit and (match := _JPEG_MARKER.search(data, position)):
        marker, position = data[match.end() - 1], match.end()
        if marker == 0xD9:  # end of image
            break
        scans += marker == 0xDA  # start of scan
        if marker not in (0x01, 0xD8):  # those have no length
            position += max(2, int.from_bytes(data[position : position + 2], "big"))
    return scans


def jxl_size(data: bytes) -> tuple[int, int]:
    """Height and width that a JPEG XL file claims; (0, 0) if there is no header.

    Its plugin for Pillow decodes when it opens.
    """
    if data[4:8] == b"JXL ":
        parts = [(kind, content) for kind, content in _boxes(data) if kind in (b"jxlc", b"jxlp")]
        data = b"".join(content[4:] if kind == b"jxlp" else content for kind, content in parts)
    if data[:2] != b"\xff\x0a":
        return (0, 0)
    bits = int.from_bytes(data[2:16], "little")
    small, bits = bits & 1, bits >> 1
    H, bits = _jxl_length(bits, bool(small))
    ratio, bits = bits & 7, bits >> 3
    if ratio == 0:
        return H, _jxl_length(bits, bool(small))[0]
    numerator, denominator = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio - 1]
    return H, H * numerator // denominator


def _jxl_length(bits: int, small: bool) -> tuple[int, int]:
    """A length and the bits after it."""
    if small:
        return ((bits & 31) + 1) * 8, bits >> 5
    width = (9, 13, 18, 30)[bits & 3]
    return ((bits >> 2) & ((1 << width) - 1)) + 1, bits >> (2 + width)
