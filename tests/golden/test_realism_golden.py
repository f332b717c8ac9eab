"""A second synthesis written long ago still decodes to pixels within 1 of 255."""

from pathlib import Path

import make_realism_golden
import pytest
from safetensors.torch import load_file

from litcodec.codec_files import load_with_synthesis
from litcodec.frozen import from_stream

GOLDEN = Path(make_realism_golden.__file__).parent / "realism"


@pytest.mark.parametrize("realism", [0.0, 0.5, 1.0])
def test_pixels_are_decoded(realism: float):
    codec = load_with_synthesis(GOLDEN / "codec.safetensors", realism)
    expected = load_file(GOLDEN / "expected.safetensors")
    x_hat = from_stream(codec, (GOLDEN / "40x56.litc").read_bytes())
    assert (x_hat - expected[f"{realism:g}"]).abs().max() <= 1 / 255
    others = [expected[name] for name in expected if name != f"{realism:g}"]
    assert min(float((x_hat - other).abs().max()) for other in others) > 10 / 255
