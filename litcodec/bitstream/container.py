"""``Compressed`` <-> bytes. Limits and checksum are seen to before a byte reaches the entropy decoder."""

import zlib

from litcodec.bitstream.header import CRC_BYTES, VERSION, Header, parse, write_fields
from litcodec.errors import CodecMismatch, Corrupt, TooLarge, Truncated
from litcodec.limits import MAX_PIXELS, pixels_needed
from litcodec.types import Compressed


def pack(compressed: Compressed, fingerprint: bytes) -> bytes:
    """The stream of one coded image.

    Args:
        compressed: what a frozen codec's ``compress`` made.
        fingerprint: that codec's, 8 bytes.

    Raises:
        ShapeError: if a size, the number of strings or the fingerprint does not fit the format.
    """
    lengths = tuple(len(string) for string in compressed.strings)
    fields = write_fields(Header(VERSION, fingerprint, compressed.size, lengths))
    payload = b"".join(compressed.strings)
    return fields + _crc(fields, payload).to_bytes(CRC_BYTES, "little") + payload


def unpack(data: bytes, *, fingerprint: bytes | None, max_pixels: int = MAX_PIXELS) -> Compressed:
    """The coded image in the stream ``data``.

    Args:
        data: one whole stream.
        fingerprint: of the codec that will decode it; None to take any.
        max_pixels: refuse images with more.

    Raises:
        BadMagic, UnsupportedVersion, Truncated, Corrupt: as ``read_header`` does.
        CodecMismatch: if another codec made it.
        TooLarge: if it has too many pixels, or would have when padded.
        Truncated: if the payload is not all there.
        Corrupt: if something follows the payload, or the checksum is wrong.
    """
    layout = parse(data)
    header = layout.header
    if fingerprint is not None and header.fingerprint != fingerprint:
        raise CodecMismatch(
            f"the stream was made with codec {header.fingerprint.hex()}, this is codec {fingerprint.hex()}; "
            "use the codec file it was made with."
        )
    check_size(header.size, max_pixels)
    expected = layout.payload_start + sum(header.lengths)
    if len(data) < expected:
        raise Truncated(f"the stream has {len(data)} bytes, its header says {expected}; get the file again.")
    if len(data) > expected:
        raise Corrupt(f"{len(data) - expected} bytes follow the end of the stream; get the file again.")
    payload = data[layout.payload_start :]
    if _crc(data[: layout.crc_start], payload) != layout.crc:
        raise Corrupt("the stream's checksum is wrong: its content has changed; get the file again.")
    strings, at = [], 0
    for length in header.lengths:
        strings.append(payload[at : at + length])
        at += length
    return Compressed(tuple(strings), header.size)


def check_size(size: tuple[int, int], max_pixels: int) -> None:
    """Check that an image of ``size`` (H, W) has at most ``max_pixels``.

    Raises:
        TooLarge: if it has more, or would have when padded.
    """
    H, W = size
    if pixels_needed(H, W) > max_pixels:
        raise TooLarge(
            f"the stream claims {H} x {W} pixels; the limit is {max_pixels}. "
            f"If you trust the file, raise it with --max-pixels {pixels_needed(H, W)}."
        )


def _crc(fields: bytes, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(fields))
