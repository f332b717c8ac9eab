import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import litcodec.bitstream
from litcodec.bitstream import Header, pack, read_header, unpack
from litcodec.errors import (
    BadMagic,
    BitstreamError,
    CodecMismatch,
    Corrupt,
    ImageError,
    ShapeError,
    TooLarge,
    Truncated,
    UnsupportedVersion,
)
from litcodec.limits import MAX_PIXELS
from litcodec.types import Compressed

FINGERPRINT = bytes.fromhex("0123456789abcdef")
OTHER = bytes.fromhex("fedcba9876543210")
IMAGE = Compressed((b"outer latent" * 20, b"inner"), (512, 768))
STREAM = pack(IMAGE, FINGERPRINT)
HEADER_BYTES = len(STREAM) - 245


def number(value):
    digits = [value >> shift & 0x7F for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([digit | 0x80 for digit in digits[:-1]] + digits[-1:])


def stream(numbers, payload=b"", *, fingerprint=FINGERPRINT):
    """A stream with a right checksum, of numbers given as integers or as raw bytes."""
    encoded = [n if isinstance(n, bytes) else number(n) for n in numbers]
    fields = b"".join([b"litc\x01", fingerprint, *encoded])
    return fields + zlib.crc32(fields + payload).to_bytes(4, "little") + payload


def read(data, *, fingerprint=FINGERPRINT, max_pixels=MAX_PIXELS):
    return unpack(data, fingerprint=fingerprint, max_pixels=max_pixels)


@pytest.mark.parametrize(
    "image",
    [
        IMAGE,
        Compressed((b"",), (1, 1)),
        Compressed((b"\x00" * 127, b"", b"\xff" * 128), (127, 128)),
        Compressed((b"x",) * 16, (16383, 4000)),
    ],
)
def test_what_is_packed_is_unpacked(image):
    assert read(pack(image, FINGERPRINT)) == image


def test_the_bytes_are_as_specified():
    assert STREAM == stream([512, 768, 2, 240, 5], b"outer latent" * 20 + b"inner")
    assert STREAM[:HEADER_BYTES].hex() == "6c697463010123456789abcdef8004800602f00105dc39f44c"


def test_the_header_alone_can_be_read():
    expected = Header(1, FINGERPRINT, (512, 768), (240, 5))
    assert read_header(STREAM) == read_header(STREAM[:HEADER_BYTES]) == expected


def test_headers_are_small():
    assert len(stream([512, 768, 2, 6400, 250])) == 26
    assert len(stream([1, 1, 1, 0])) == 21
    assert len(stream([2**31 - 1, 2**31 - 1, 2, 2**31 - 1, 2**31 - 1])) == 38
    assert len(stream([2**31 - 1, 2**31 - 1, 16, *[2**31 - 1] * 16])) == 108


def test_any_codec_will_do_when_none_is_named():
    assert read(STREAM, fingerprint=None) == IMAGE


def test_truncation_at_every_byte_is_named():
    for length in range(len(STREAM)):
        with pytest.raises(Truncated):
            read(STREAM[:length])


def test_every_flipped_bit_is_an_error():
    for bit in range(len(STREAM) * 8):
        damaged = bytearray(STREAM)
        damaged[bit // 8] ^= 1 << bit % 8
        expected = BadMagic if bit < 32 else UnsupportedVersion if bit < 40 else BitstreamError
        expected = Corrupt if bit >= HEADER_BYTES * 8 else expected
        with pytest.raises(expected):
            read(bytes(damaged))
        with pytest.raises(expected):
            read(bytes(damaged), fingerprint=None)


@pytest.mark.parametrize("data", [b"\xff" * 100, b"\x00" * 100, b"PNG", b"x", b"lit\x00"])
def test_other_files_are_told_apart(data):
    with pytest.raises(BadMagic, match=r"not a .litc stream"):
        read(data)


def test_nothing_is_truncated():
    with pytest.raises(Truncated, match="after 0 bytes"):
        read(b"")


def test_another_version_is_named():
    with pytest.raises(UnsupportedVersion, match=r"version 2, this litcodec reads 1"):
        read(b"litc\x02")


def test_another_codec_is_named():
    with pytest.raises(CodecMismatch, match=rf"{FINGERPRINT.hex()}, this is codec {OTHER.hex()}.*codec file"):
        read(STREAM, fingerprint=OTHER)


@pytest.mark.parametrize("after", [b"\x00", STREAM])
def test_bytes_after_the_end_are_corrupt(after):
    with pytest.raises(Corrupt, match=f"{len(after)} bytes follow"):
        read(STREAM + after)


def test_a_header_without_its_payload_is_truncated():
    with pytest.raises(Truncated, match=f"has {HEADER_BYTES} bytes, its header says {len(STREAM)}"):
        read(STREAM[:HEADER_BYTES])


def test_huge_claims_are_refused_before_anything_is_allocated():
    with pytest.raises(TooLarge, match=r"2147483647 x 2147483647 .*limit is 67108864.*--max-pixels"):
        read(stream([2**31 - 1, 2**31 - 1, 1, 0]))
    with pytest.raises(Truncated, match="its header says 34359738"):
        read(stream([1, 1, 16, *[2**31 - 1] * 16]))


@pytest.mark.parametrize(
    ("size", "limit", "fits"),
    [
        ((8192, 8192), MAX_PIXELS, True),
        ((8192, 8193), MAX_PIXELS, False),
        ((1, 2**20), MAX_PIXELS, True),
        ((1, 2**20 + 1), MAX_PIXELS, False),  # 64 rows when padded
        ((2**20 + 1, 1), 2**27, True),
        ((17, 33), 17 * 33, True),
        ((17, 33), 17 * 33 - 1, False),
    ],
)
def test_the_limit_is_on_pixels(size, limit, fits):
    data = pack(Compressed((b"",), size), FINGERPRINT)
    if fits:
        assert read(data, max_pixels=limit).size == size
    else:
        with pytest.raises(TooLarge, match=f"{size[0]} x {size[1]}"):
            read(data, max_pixels=limit)


def test_too_large_is_an_image_error_as_well():
    assert issubclass(TooLarge, ImageError)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ([0, 1, 1, 0], "height is 0"),
        ([1, 0, 1, 0], "width is 0"),
        ([1, 2**31, 1, 0], "width is 2147483648"),
        ([1, 1, 0], "number of strings is 0"),
        ([1, 1, 17, *[0] * 17], "number of strings is 17"),
        ([1, 1, 1, 2**31], "length of string 0 is 2147483648"),
        ([b"\x81\x00", 1, 1, 0], "height at byte 13 is not a proper number"),
        ([1, 1, 1, b"\x80\x00"], "length of string 0 at byte 16 is not"),
        ([1, 1, 1, b"\x80\x80\x80\x80\x80\x01"], "length of string 0 at byte 16 is not"),
        ([b"\xff" * 9, 1, 1, 0], "height at byte 13"),
    ],
)
def test_numbers_that_no_encoder_writes_are_corrupt(numbers, message):
    with pytest.raises(Corrupt, match=message):
        read(stream(numbers))


@pytest.mark.parametrize(
    ("image", "fingerprint", "message"),
    [
        (IMAGE, FINGERPRINT[:7], "got 7"),
        (IMAGE._replace(strings=()), FINGERPRINT, r"1..16 strings; got 0"),
        (IMAGE._replace(strings=(b"",) * 17), FINGERPRINT, "got 17"),
        (IMAGE._replace(size=(0, 5)), FINGERPRINT, r"\(0, 5\)"),
        (IMAGE._replace(size=(5, -1)), FINGERPRINT, r"\(5, -1\)"),
        (IMAGE._replace(size=(2**31, 5)), FINGERPRINT, "2147483648"),
    ],
)
def test_what_does_not_fit_the_format_is_not_packed(image, fingerprint, message):
    with pytest.raises(ShapeError, match=message):
        pack(image, fingerprint)


@settings(deadline=1000, max_examples=300)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_unpack_or_are_a_bitstream_error(data, ours):
    try:
        read(b"litc\x01" + FINGERPRINT + data if ours else data)
    except BitstreamError:
        pass


@settings(deadline=1000, max_examples=300)
@given(st.binary(min_size=1, max_size=8), st.integers(0, len(STREAM) - 1))
def test_overwritten_bytes_are_noticed(patch, at):
    damaged = (STREAM[:at] + patch + STREAM[at + len(patch) :])[: len(STREAM)]
    if damaged != STREAM:
        with pytest.raises(BitstreamError):
            read(damaged)


@settings(deadline=1000, max_examples=100)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=16), st.integers(1, 4000), st.integers(1, 4000))
def test_any_image_comes_back(strings, H, W):
    image = Compressed(tuple(strings), (H, W))
    assert read(pack(image, FINGERPRINT)) == image


def test_the_specification_is_shipped():
    assert (Path(litcodec.bitstream.__file__).parent / "SPEC.md").is_file()
