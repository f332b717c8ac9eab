"""A few bytes that claim an image of one column are refused before hours are spent on it."""

import time

import pytest
import torch

from litcodec.codecs import Codec, ImportanceMapCodec, PixelAutoregressive
from litcodec.errors import TooLarge
from litcodec.latent_coding.coding_order import wavefront
from litcodec.limits import MAX_STEPS

CODECS = {
    "pixels": lambda: PixelAutoregressive(N=4, M=4, blocks=0, K=2),
    "volume": lambda: ImportanceMapCodec(N=4, K=2, groups=1, features=4),
}
ROWS = {"pixels": MAX_STEPS // 3 + 2, "volume": 4 * MAX_STEPS + 16}


@pytest.mark.parametrize("name", CODECS)
def test_a_column_of_too_many_steps_is_refused_at_once(name: str):
    torch.manual_seed(0)
    codec: Codec = CODECS[name]()
    frozen = codec.eval().freeze()
    strings = frozen.encode(torch.zeros(1, 3, 64, 1)).strings
    began = time.process_time()
    with pytest.raises(TooLarge, match=f"at most {MAX_STEPS} are taken"):
        frozen.decode(strings, (ROWS[name], 1))
    assert time.process_time() - began < 5  # of some 30 s that as many steps take


def test_an_encoder_refuses_what_no_decoder_takes():
    frozen = CODECS["pixels"]().freeze()
    with pytest.raises(TooLarge, match="43693 rows of 1"):
        frozen.encode(torch.zeros(1, 3, ROWS["pixels"] + 1, 1))


def test_a_context_model_has_the_same_limit():
    """Its side information costs bits too: a stream that claims so much is refused for its length first."""
    most = MAX_STEPS // 3
    assert sum(1 for _ in wavefront(torch.zeros(1, 1, most, 1), slope=3)) == most
    with pytest.raises(TooLarge, match=f"{most + 2} rows of 1"):
        next(wavefront(torch.zeros(1, 1, most + 2, 1), slope=3))
