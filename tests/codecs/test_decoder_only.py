"""Codec files without their encoder: smaller, the same decoder, and no way to compress by mistake."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from litcodec.codec_files import codec_bytes, load_codec, save_codec, unfreeze
from litcodec.codecs import MeanScaleHyperprior, VariableRate
from litcodec.errors import CodecFileError, FreezeError
from litcodec.frozen import FrozenCodec


def small() -> VariableRate:
    torch.manual_seed(0)
    return VariableRate(MeanScaleHyperprior(N=8, M=12), lmbda_min=0.001, lmbda_max=0.1, anchors=3)


@pytest.fixture(scope="module")
def whole() -> FrozenCodec:
    return small().freeze()


@pytest.fixture
def kept(whole: FrozenCodec, tmp_path: Path) -> FrozenCodec:
    path = tmp_path / "kept.safetensors"
    path.write_bytes(codec_bytes(whole, decoder_only=True))
    return load_codec(path)


def test_it_decodes_what_the_whole_codec_coded(whole: FrozenCodec, kept: FrozenCodec, image_like) -> None:
    coded = whole.at_quality(70).compress(image_like(50, 70))
    assert kept.fingerprint == whole.fingerprint
    assert torch.equal(kept.decompress(coded), whole.decompress(coded))


def test_the_file_lacks_the_weights_of_the_encoder(whole: FrozenCodec, kept: FrozenCodec) -> None:
    missing = sum(t.numel() for t in whole.encoder_tensors().values() if t.is_floating_point())
    saved = len(codec_bytes(whole)) - len(codec_bytes(kept))  # saved again, it still lacks them
    assert missing * 4 * 0.9 < saved < missing * 4 * 1.1


@pytest.mark.parametrize(
    "use",
    [
        lambda codec, x: codec.compress(x),
        lambda codec, x: codec.at_quality(50).compress(x),
        lambda codec, x: codec.largest_within(x, 10_000),
        lambda codec, x: codec.encode(x),
        lambda codec, x: codec.bits(x),
    ],
)
def test_nothing_can_be_compressed(
    kept: FrozenCodec, use: Callable[[FrozenCodec, torch.Tensor], object], image_like
) -> None:
    with pytest.raises(FreezeError, match=r"only decodes|not finite"):
        use(kept, image_like(50, 70))


def test_no_training_starts_from_it(kept: FrozenCodec) -> None:
    with pytest.raises(FreezeError, match="without its encoder"):
        unfreeze(small(), kept)


@pytest.mark.parametrize(
    "left_out",
    [7, {"g": "x"}, {"g": [-1]}, {"g": [2**40]}, {"inner.g_s.0.weight": [1]}, {"g": [1.5]}, {"g": [1]}],
)
@pytest.mark.parametrize("decoder_only", [True, False])
def test_a_damaged_list_of_what_is_left_out_is_one_line(
    whole: FrozenCodec, tmp_path: Path, left_out: object, decoder_only: bool
) -> None:
    data = codec_bytes(whole, decoder_only=decoder_only)
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    about = json.loads(header["__metadata__"]["litcodec"])
    header["__metadata__"]["litcodec"] = json.dumps({**about, "left_out": left_out})
    changed = json.dumps(header).encode()
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(struct.pack("<Q", len(changed)) + changed + data[8 + length :])
    with pytest.raises(CodecFileError, match="damaged") as raised:
        load_codec(path)
    assert "\n" not in str(raised.value)


def test_a_whole_codec_saved_is_readable_by_older_versions(whole: FrozenCodec, tmp_path: Path) -> None:
    save_codec(whole, tmp_path / "whole.safetensors")
    assert b'\\"version\\": 3' in (tmp_path / "whole.safetensors").read_bytes()[:100_000]
