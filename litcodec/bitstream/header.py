"""The header of a ``.litc`` stream, format version 1.

    magic "litc" | version, 1 byte | fingerprint of the codec, 8 bytes | H | W | number of strings | length of
    each string | CRC-32 of all of the above and the payload, 4 bytes, little-endian

Numbers without a width are LEB128 varints: 7 bits a byte, lowest first, the top bit set on all bytes but the
last.
"""

from collections.abc import Iterator
from typing import NamedTuple

from litcodec.errors import BadMagic, Corrupt, ShapeError, Truncated, UnsupportedVersion

MAGIC = b"litc"
VERSION = 1
FINGERPRINT_BYTES = 8
CRC_BYTES = 4
STRINGS_MAX = 16
NUMBER_MAX = 2**31 - 1
NUMBER_BYTES = 5
HEADER_BYTES_MAX = len(MAGIC) + 1 + FINGERPRINT_BYTES + (3 + STRINGS_MAX) * NUMBER_BYTES + CRC_BYTES


class Header(NamedTuple):
    """What a stream says of itself."""

    version: int
    fingerprint: bytes  # 8 bytes, of the codec that made it
    size: tuple[int, int]  # (H, W) in pixels, each >= 1
    lengths: tuple[int, ...]  # bytes of each string, outermost latent first


class Layout(NamedTuple):
    """A header and where it lies."""

    header: Header
    crc: int
    crc_start: int  # bytes before the checksum
    payload_start: int


def read_header(data: bytes) -> Header:
    """What the stream ``data`` says of itself. The header's bytes suffice, so the checksum is not verified.

    Raises:
        BadMagic: if this is no ``.litc`` stream.
        UnsupportedVersion: if it is one of another format version.
        Truncated: if the header is not all there.
        Corrupt: if it holds a number that no encoder writes.
    """
    return parse(data).header


def parse(data: bytes) -> Layout:
    """As ``read_header``, with the checksum and the places of things."""
    magic = data[: len(MAGIC)]
    if magic != MAGIC[: len(magic)]:
        raise BadMagic(f"not a .litc stream: starts with {magic!r}, not {MAGIC!r}.")
    _need(data, len(MAGIC) + 1)
    version = data[len(MAGIC)]
    if version != VERSION:
        raise UnsupportedVersion(
            f"the stream has format version {version}, this litcodec reads {VERSION}; update litcodec."
        )
    at = len(MAGIC) + 1 + FINGERPRINT_BYTES
    _need(data, at)
    fingerprint = data[at - FINGERPRINT_BYTES : at]
    H, at = _read_number(data, at, "height", 1, NUMBER_MAX)
    W, at = _read_number(data, at, "width", 1, NUMBER_MAX)
    count, at = _read_number(data, at, "number of strings", 1, STRINGS_MAX)
    lengths = []
    for k in range(count):
        length, at = _read_number(data, at, f"length of string {k}", 0, NUMBER_MAX)
        lengths.append(length)
    _need(data, at + CRC_BYTES)
    crc = int.from_bytes(data[at : at + CRC_BYTES], "little")
    return Layout(Header(version, fingerprint, (H, W), tuple(lengths)), crc, at, at + CRC_BYTES)


def write_fields(header: Header) -> bytes:
    """All of the header but its checksum.

    Raises:
        ShapeError: if something does not fit the format.
    """
    if len(header.fingerprint) != FINGERPRINT_BYTES:
        raise ShapeError(f"a fingerprint has {FINGERPRINT_BYTES} bytes; got {len(header.fingerprint)}.")
    if not 1 <= len(header.lengths) <= STRINGS_MAX:
        raise ShapeError(f"a stream holds 1..{STRINGS_MAX} strings; got {len(header.lengths)}.")
    if min(header.size) < 1 or max(*header.size, *header.lengths) > NUMBER_MAX:
        raise ShapeError(
            f"sides must be 1..{NUMBER_MAX} and strings at most {NUMBER_MAX} bytes; "
            f"got {header.size} and {header.lengths}."
        )
    numbers = [*header.size, len(header.lengths), *header.lengths]
    return b"".join([MAGIC, bytes([VERSION]), header.fingerprint, *map(_number, numbers)])


def _number(value: int) -> bytes:
    return bytes(_septets(value))


def _septets(value: int) -> Iterator[int]:
    while value >= 0x80:
        yield value & 0x7F | 0x80
        value >>= 7
    yield value


def _read_number(data: bytes, at: int, what: str, smallest: int, largest: int) -> tuple[int, int]:
    """A varint at ``at`` in ``data``, and the place after it."""
    value = 0
    for k in range(NUMBER_BYTES):
        _need(data, at + k + 1)
        byte = data[at + k]
        value |= (byte & 0x7F) << 7 * k
        if byte < 0x80:
            break
    # Longer than needed: a zero on top, or no end at all. One image must not have two files.
    if byte >= 0x80 or (byte == 0 and k > 0):
        raise Corrupt(f"{what} at byte {at} is not a proper number; get the file again.")
    if not smallest <= value <= largest:
        raise Corrupt(f"{what} is {value}, must be {smallest}..{largest}; get the file again.")
    return value, at + k + 1


def _need(data: bytes, count: int) -> None:
    if len(data) < count:
        raise Truncated(f"the stream ends after {len(data)} bytes, inside its header; get the file again.")
