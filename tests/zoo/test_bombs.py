"""A few bytes that claim a large image are refused at once, with little memory."""

import resource
import time
from pathlib import Path

import pytest

from litcodec.bitstream import pack
from litcodec.codec_files import load_codec
from litcodec.errors import Corrupt
from litcodec.frozen import from_stream
from litcodec.types import Compressed
from litcodec.zoo import codec_path, default_card


@pytest.mark.parametrize("size", [(8192, 8192), (1, 2**20), (4096, 4096)])
@pytest.mark.parametrize("words", [0, 1, 100])
def test_the_packaged_codec_refuses_bombs_at_once(size: tuple[int, int], words: int):
    codec = load_codec(default_card().file)
    data = pack(Compressed((bytes(4 * words), bytes(4 * words), b"\x80"), size), codec.fingerprint)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    with pytest.raises(
        Corrupt, match=r"bytes cannot be a string of \d+ symbols, which take at least|cannot be"
    ):
        from_stream(codec, data)
    assert time.perf_counter() - start < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_8192x8192_takes_57856_bytes_for_z_of_cosine_2_alone():
    codec = load_codec(codec_path(Path("cosine-2")))
    data = pack(Compressed((bytes(400), bytes(57_852), b"\x80"), (8192, 8192)), codec.fingerprint)
    with pytest.raises(
        Corrupt, match="57852 bytes cannot be a string of 2097152 symbols, which take at least 57856"
    ):
        from_stream(codec, data)
