"""A stream is read no further than its header says."""

import io

import pytest

from litcodec.bitstream import pack, read_stream, unpack
from litcodec.errors import BadMagic, Corrupt, TooLarge, Truncated
from litcodec.types import Compressed


class Counted(io.BytesIO):
    asked = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert size >= 0
        self.asked = max(self.asked, size)
        return super().read(size)


def stream(size: tuple[int, int] = (4, 5)) -> bytes:
    return pack(Compressed((bytes(300), b"z"), size), bytes(8))


def test_a_stream_is_read_whole():
    assert read_stream(io.BytesIO(stream())) == stream()


def test_zeros_are_refused_after_a_header():
    file = Counted(bytes(10**6))
    with pytest.raises(BadMagic):
        read_stream(file)
    assert file.tell() == file.asked == 112


def test_too_many_pixels_are_refused_after_a_header():
    file = Counted(stream((2**20, 2**20)))
    with pytest.raises(TooLarge):
        read_stream(file)
    assert file.tell() == 112


def test_what_follows_is_noticed_and_not_read():
    file = Counted(stream() + bytes(10**6))
    data = read_stream(file)
    assert len(data) == len(stream()) + 1
    with pytest.raises(Corrupt, match="1 bytes follow"):
        unpack(data, fingerprint=None)


def test_a_claimed_length_is_not_allocated():
    fields = pack(Compressed((b"",), (1, 1)), bytes(8))[:-5]
    file = Counted(fields + b"\xff\xff\xff\xff\x07" + bytes(100))
    with pytest.raises(Truncated):
        unpack(read_stream(file), fingerprint=None)
    assert file.asked <= 2**20
