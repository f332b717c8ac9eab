"""Streams of codebooks, of importance maps and of fitted predictions, written long ago, still decode."""

import pytest
import torch
from make_likelihood_golden import HERE, KINDS, size_of
from safetensors.torch import load_file

from litcodec.bitstream import unpack
from litcodec.codec_files import load_codec
from litcodec.frozen import FrozenCodec, from_stream


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", KINDS)
def test_golden_streams_decode_exactly(name: str, threads: int):
    codec, data, before = _codec(name), (HERE / f"{name}.litc").read_bytes(), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        packed = unpack(data, fingerprint=codec.fingerprint)
        y_hat = codec.decode_latents(packed.strings, packed.size)
        pixels = (from_stream(codec, data)[0] * 255).round()
    finally:
        torch.set_num_threads(before)
    assert packed.size == size_of(name)
    assert len(packed.strings) == {"soft_to_hard_scaled": 2, "pixel_linear": 3, "l3c": 5}.get(name, 1)
    assert pixels.unique().numel() > 100
    if codec.lossless:  # that it decodes says that the pixels have their CRC
        assert name != "pixel_linear" or len(packed.strings[1]) == 492
        assert torch.equal(y_hat[0], pixels)
        return
    expected = load_file(HERE / f"{name}_expected.safetensors")
    assert torch.equal(y_hat, expected["y_hat"])
    assert (pixels.int() - expected["pixels"].int()).abs().max() <= 1
    assert y_hat.unique().numel() > 4


def _codec(name: str) -> FrozenCodec:
    return load_codec(HERE / f"{name}.safetensors")
