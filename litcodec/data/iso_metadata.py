"""The boxes of AVIF, HEIC and JPEG XL files: colour tags that Pillow ignores, sizes before decoding.

Nothing here raises on a damaged file: Pillow will say what is wrong with it.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from litcodec.data.colour_tags import Cicp, ColourTags


def iso_metadata(file: BinaryIO) -> ColourTags:
    """Read the colour tags of the primary item of an AVIF or HEIC file.

    Args:
        file: the file, at any position.

    Returns:
        cicp and bits; the profile is left to Pillow.
    """
    try:
        meta = _meta_box(file)
        primary, properties = 0, list[tuple[bytes, bytes]]()
        owned: dict[int, list[int]] = {}
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
