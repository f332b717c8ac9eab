"""Streams written long ago still decode to the very latents, and to pixels within 1 of 255."""

from pathlib import Path

import make_golden
import pytest
import torch
from safetensors.torch import load_file

from litcodec.bitstream import Header, pack, read_header, unpack
from litcodec.codec_files import load_codec
from litcodec.coding import decode_mask
from litcodec.frozen import FrozenCodec, FrozenHybrid, FrozenVariableRate, TrainingInfo
from litcodec.latent_coding import CentresLatentCoder, SelectedLatentCoder
from litcodec.latent_coding.factorized import FactorizedLatentCoder
from litcodec.latent_coding.symbols import GRID

HERE = Path(__file__).parent
CASES = [(name, size) for name in make_golden.KINDS for size in make_golden.sizes(name)]


@pytest.fixture(scope="module")
def codecs() -> dict[str, FrozenCodec]:
    return {name: load_codec(HERE / f"{name}.safetensors") for name in make_golden.KINDS}


def _stream(name: str, size: tuple[int, int]) -> bytes:
    return (HERE / f"{name}_{size[0]}x{size[1]}.litc").read_bytes()


def _expected(name: str, size: tuple[int, int], what: str) -> torch.Tensor:
    return load_file(HERE / f"{name}_expected.safetensors")[f"{size[0]}x{size[1]}.{what}"]


@pytest.mark.parametrize("name", make_golden.KINDS)
def test_codec_files_are_read(name: str, codecs):
    assert codecs[name].architecture.name == make_golden.KINDS[name].__name__
    assert codecs[name].training == TrainingInfo(lmbda=0.0130, distortion="mse", step=0)


@pytest.mark.parametrize(("name", "size"), CASES)
def test_headers_are_read_exactly(name: str, size: tuple[int, int], codecs):
    data = _stream(name, size)
    compressed = unpack(data, fingerprint=codecs[name].fingerprint, max_pixels=2**20)
    lengths = tuple(len(string) for string in compressed.strings)
    assert read_header(data) == Header(1, codecs[name].fingerprint, size, lengths)
    assert len(lengths) == {
        "factorized_prior": 1,
        "generative": 1,
        "patch_generator": 1,
        "variable_rate": 3,
    }.get(name, 2)


@pytest.mark.parametrize(("name", "size"), CASES)
def test_latents_are_decoded_exactly(name: str, size: tuple[int, int], codecs):
    y_hat = _expected(name, size, "y_hat")
    strings = unpack(_stream(name, size), fingerprint=None, max_pixels=2**20).strings
    assert torch.equal(codecs[name].decode_latents(strings, size), y_hat)
    assert y_hat.round().unique().numel() > 8


@pytest.mark.parametrize(("name", "size"), CASES)
def test_pixels_are_decoded_to_within_1(name: str, size: tuple[int, int], codecs):
    compressed = unpack(_stream(name, size), fingerprint=codecs[name].fingerprint, max_pixels=2**20)
    pixels = make_golden.to_bytes(codecs[name].decompress([compressed])).int()
    expected = _expected(name, size, "pixels").int()
    assert pixels.shape == expected.shape == (3, *size)
    assert (pixels - expected).abs().max() <= 1
    assert expected.float().std() > 20


@pytest.mark.parametrize(("name", "size"), CASES)
def test_the_same_latents_are_written_as_the_same_bytes(name: str, size: tuple[int, int], codecs):
    """No float is asked: the golden latents through coder and container give the golden file."""
    codec, data = codecs[name], _stream(name, size)
    coder = (codec.inner if isinstance(codec, (FrozenHybrid, FrozenVariableRate)) else codec).latent_coder
    compressed = unpack(data, fingerprint=None, max_pixels=2**20)
    y_hat = _expected(name, size, "y_hat")
    if isinstance(coder, SelectedLatentCoder):
        preserved = torch.from_numpy(decode_mask(compressed.strings[1], *y_hat.shape[2:]))
        assert 0 < preserved.count_nonzero() < preserved.numel()
        strings = coder.with_preserved(preserved).encode(y_hat).strings
    elif isinstance(coder, CentresLatentCoder):
        strings = coder.encode(y_hat).strings
    elif isinstance(coder, FactorizedLatentCoder):
        strings = (coder.encode_to_grid(y_hat)[0],)
    else:
        z_grid = coder.z_coder.decode_to_grid(compressed.strings[1], y_hat.shape[2] // 4, y_hat.shape[3] // 4)
        encoded, again = coder.y_coder.encode(y_hat, coder.hyper_params(z_grid))
        assert torch.equal(again, y_hat)
        strings = (encoded.data, coder.z_coder.encode_to_grid(z_grid / GRID)[0])
    assert strings == compressed.strings[: len(strings)]  # what follows is a hybrid's choice, or a level
    assert pack(compressed, codecs[name].fingerprint) == data


def test_the_hybrids_streams_are_of_both_sizes(codecs):
    flags = [unpack(_stream("hybrid", s), fingerprint=None).strings[-1] for s in make_golden.SIZES]
    assert sorted(flags) == [b"\x00", b"\x01"]
    assert [codecs["hybrid"].resolution((b"", flag)) for flag in flags] == ["native", "half"]


def test_the_variable_rates_streams_are_of_three_levels(codecs):
    for size, level in make_golden.LEVELS.items():
        strings = unpack(_stream("variable_rate", size), fingerprint=None).strings
        assert codecs["variable_rate"].level_in(strings) == level


def test_golden_files_are_small():
    for path in HERE.glob("*.safetensors"):
        # The bases of 8x8 pixels of LappedCosine's transforms take 147 kB.
        most = 280_000 if path.name == "lapped_cosine.safetensors" else 250_000
        assert path.stat().st_size < most, path.name


def test_golden_files_are_not_replaced_by_accident(capsys):
    before = {path: path.stat().st_mtime_ns for path in HERE.iterdir()}
    assert make_golden.main([]) == 1
    assert "--force" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in HERE.iterdir()} == before
