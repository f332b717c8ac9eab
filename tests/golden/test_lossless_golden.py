"""A lossless stream written long ago decodes to every pixel; these pixels are written as its very bytes."""

import pytest
import torch
from make_lossless_golden import CODEC, STREAM, stored_pixels

from litcodec.bitstream import read_header
from litcodec.codec_files import load_codec
from litcodec.frozen import from_stream, to_stream


@pytest.mark.parametrize("threads", [1, 2])
def test_the_golden_stream_is_decoded_and_written_exactly(threads: int):
    codec, data, pixels = load_codec(CODEC), STREAM.read_bytes(), stored_pixels()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        decoded = from_stream(codec, data, max_pixels=2**20)
        written = to_stream(codec, pixels[None].float() / 255)
    finally:
        torch.set_num_threads(before)
    assert torch.equal((decoded[0] * 255).round().to(torch.uint8), pixels)
    assert written == data
    assert read_header(data).fingerprint == codec.fingerprint
    assert len(read_header(data).lengths) == 2
    assert pixels.unique().numel() > 180
