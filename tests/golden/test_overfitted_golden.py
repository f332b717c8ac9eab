"""An overfitted stream written long ago decodes to its very symbols, and to its pixels within 1 of 255."""

import zlib

import numpy as np
import pytest
import torch
from make_overfitted_golden import PIXELS, STREAM
from PIL import Image

from litcodec.bitstream import read_header, unpack
from litcodec.frozen import from_stream
from litcodec.overfitted import FINGERPRINT, FrozenOverfitted


@pytest.mark.parametrize("threads", [1, 2])
def test_the_golden_stream_is_decoded(threads: int):
    codec, data = FrozenOverfitted(), STREAM.read_bytes()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        symbols = codec.decode_latents(*unpack(data, fingerprint=FINGERPRINT))
        decoded = from_stream(codec, data, max_pixels=2**20)
    finally:
        torch.set_num_threads(before)
    with Image.open(PIXELS) as image:
        stored = torch.from_numpy(np.array(image)).permute(2, 0, 1).float()
    assert zlib.crc32(symbols.to(torch.int16).numpy().tobytes()) == 683886519
    assert int(symbols.abs().max()) > 1
    assert float((decoded[0] * 255 - stored).abs().max()) < 1.5
    assert read_header(data).size == (37, 53)
