"""The lossless codec: the very pixels, the estimated rate, the same bytes however many are coded at once."""

import zlib

import numpy as np
import pytest
import torch
from torch import Tensor

from litcodec.bitstream import pack, unpack
from litcodec.codec_files import load_codec, save_codec
from litcodec.codecs import PixelAutoregressive
from litcodec.errors import BitstreamError, Corrupt, FreezeError, ShapeError
from litcodec.frozen import FrozenPixelAutoregressive, from_stream, to_stream
from litcodec.latent_coding import pixel_walk
from litcodec.layers import PIXEL_OFFSETS, SLOPE, pixel_inputs
from litcodec.objectives import mse

SMALL = {"N": 12, "M": 6, "blocks": 2, "K": 3}


@pytest.fixture(scope="module")
def codec() -> PixelAutoregressive:
    torch.manual_seed(0)
    return PixelAutoregressive(**SMALL)


@pytest.fixture(scope="module")
def frozen(codec: PixelAutoregressive) -> FrozenPixelAutoregressive:
    return codec.freeze()


def _image(H: int, W: int, seed: int = 0) -> Tensor:
    """Smooth with edges, noise, and runs of 0 and 255."""
    generator = torch.Generator().manual_seed(seed)
    rows, columns = torch.arange(H)[:, None], torch.arange(W)[None]
    smooth = torch.stack([128 + 90 * torch.sin(rows / 9 + columns / (11 + c)) for c in range(3)])
    edges = 80.0 * ((rows // 7 + columns // 5) % 3 == 0)
    noise = torch.randn(3, H, W, generator=generator) * 6
    return (smooth + edges + noise).round().clamp(0, 255)[None] / 255


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 2), (5, 3), (17, 33), (40, 24)])
def test_images_of_any_size_come_back_exactly(frozen: FrozenPixelAutoregressive, size: tuple[int, int]):
    x = _image(*size)
    (packed,) = frozen.compress(x)
    assert torch.equal((frozen.decompress([packed]) * 255).round(), (x * 255).round())
    assert torch.equal(frozen.encode(x).y_hat, frozen.decode_latents(packed.strings, size))


@pytest.mark.parametrize("what", ["black", "white", "noise", "one white pixel"])
def test_images_unlike_any_the_model_knows_come_back_exactly(frozen: FrozenPixelAutoregressive, what: str):
    x = torch.zeros(1, 3, 20, 13)
    if what == "white":
        x += 1
    elif what == "noise":
        x = torch.randint(0, 256, x.shape, generator=torch.Generator().manual_seed(1)).float() / 255
    elif what == "one white pixel":
        x[..., 7, 5] = 1
    assert torch.equal((frozen.decode(frozen.encode(x).strings, (20, 13)) * 255).round(), (x * 255).round())


def test_written_bytes_are_the_information_and_what_training_estimates(
    codec: PixelAutoregressive, frozen: FrozenPixelAutoregressive
):
    x = _image(48, 64)
    written = 8 * len(frozen.encode(x).strings[0])
    bits = frozen.bits(x)[0]
    with torch.no_grad():
        estimated = -torch.log2(codec(x).likelihoods[0])
    assert float(bits.sum()) <= written <= float(bits.sum()) + 64
    usual = estimated < 15  # beyond, training's likelihoods have a floor
    assert abs(float(estimated[usual].sum() / bits[usual].sum()) - 1) < 0.002


def test_likelihoods_of_all_grey_levels_sum_to_1(codec: PixelAutoregressive):
    """Of the last pixel's blue, which no other pixel depends on."""
    images = _image(4, 5).repeat(256, 1, 1, 1)
    images[:, 2, -1, -1] = torch.arange(256) / 255
    with torch.no_grad():
        likelihoods = codec(images).likelihoods[0]
    assert abs(float(likelihoods[:, 2, -1, -1].sum()) - 1) < 1e-4
    others = likelihoods.flatten(1)[:, :-1]
    assert torch.equal(others, others[:1].expand_as(others))


def test_no_pixel_sees_one_of_its_own_step_or_later():
    """Whatever changes at a pixel changes inputs of later steps alone."""
    assert min(-(column + SLOPE * row) for row, column in PIXEL_OFFSETS) >= 1
    v = (_image(9, 12) * 255).round()
    changed = v.clone()
    changed[..., 4, 6] = 255 - changed[..., 4, 6]
    differs = (pixel_inputs(v).features != pixel_inputs(changed).features).any(dim=1)[0]
    rows, columns = differs.nonzero(as_tuple=True)
    assert len(rows) > 10
    assert int((columns + SLOPE * rows).min()) > 6 + SLOPE * 4


@pytest.mark.parametrize("at_once", [1, 7, 10**6])
def test_how_many_pixels_are_coded_at_once_changes_no_byte(
    frozen: FrozenPixelAutoregressive, monkeypatch: pytest.MonkeyPatch, at_once: int
):
    x = _image(19, 23)
    strings = frozen.encode(x).strings
    monkeypatch.setattr(pixel_walk, "AT_ONCE", at_once)
    assert frozen.encode(x).strings == strings


def test_the_fixed_point_network_sees_what_the_trained_one_sees(
    codec: PixelAutoregressive, frozen: FrozenPixelAutoregressive
):
    """Left, right and upper borders included: no pixel's bits are off by more than 0.05."""
    x = _image(24, 30)
    with torch.no_grad():
        estimated = -torch.log2(codec(x).likelihoods[0])
    off = (estimated - frozen.bits(x)[0]).abs()
    assert float(off[estimated < 10].max()) < 0.05


def test_an_image_that_is_not_8_bit_is_refused(frozen: FrozenPixelAutoregressive):
    with pytest.raises(ShapeError, match="8-bit images, multiples of 1/255"):
        frozen.encode(_image(5, 5) + 0.5 / 255)
    with pytest.raises(ShapeError):
        frozen.encode(torch.full((1, 3, 4, 4), torch.nan))


def test_files_of_the_codec_decode_its_streams(frozen: FrozenPixelAutoregressive, tmp_path):
    save_codec(frozen, tmp_path / "codec.safetensors")
    loaded = load_codec(tmp_path / "codec.safetensors")
    assert loaded.lossless
    assert loaded.fingerprint == frozen.fingerprint
    x = _image(11, 14)
    decoded = from_stream(loaded, to_stream(frozen, x), max_pixels=1000)
    assert torch.equal((decoded * 255).round(), (x * 255).round())


def test_a_stream_carries_the_crc_of_its_pixels(frozen: FrozenPixelAutoregressive):
    x = _image(9, 8)
    string, crc = frozen.encode(x).strings
    pixels = (x[0] * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    assert int.from_bytes(crc, "little") == zlib.crc32(pixels.tobytes())
    with pytest.raises(Corrupt, match="CRC that the encoder saw"):
        frozen.decode((string, bytes([crc[0] ^ 1]) + crc[1:]), (9, 8))


def test_damaged_strings_are_refused_whatever_is_damaged(frozen: FrozenPixelAutoregressive):
    """Or gives the very pixels: the last bits of a string may be any. The container's CRC is not asked."""
    x = _image(12, 10)
    (packed,) = frozen.compress(x)
    string, crc = packed.strings
    generator = np.random.default_rng(0)
    damaged = [b"", string[:-1], string[:-4], string + b"\0\0\0\1", string[4:], bytes(len(string))]
    for _ in range(20):
        at = int(generator.integers(len(string)))
        damaged.append(string[:at] + bytes([string[at] ^ int(generator.integers(1, 256))]) + string[at + 1 :])
    refused = 0
    for other in damaged:
        try:
            assert torch.equal((frozen.decode((other, crc), packed.size) * 255).round(), (x * 255).round())
        except BitstreamError:
            refused += 1
    assert refused >= len(damaged) - 2
    for strings in ((string,), (string, crc, b""), (string, crc + b"\0")):
        with pytest.raises(BitstreamError):
            frozen.decompress([packed._replace(strings=strings)])
    data = pack(packed, frozen.fingerprint)
    assert unpack(data, fingerprint=frozen.fingerprint, max_pixels=1000) == packed


def test_a_short_string_of_a_huge_image_is_refused_before_memory_is_taken(frozen: FrozenPixelAutoregressive):
    (packed,) = frozen.compress(_image(4, 4))
    with pytest.raises(Corrupt, match="take at least"):
        frozen.decode(packed.strings, (2**15, 2**15))


def test_a_tensor_that_does_not_fit_is_refused(codec: PixelAutoregressive, frozen: FrozenPixelAutoregressive):
    tensors = frozen.decoder_tensors()
    with pytest.raises(FreezeError, match="asinh"):
        codec.restore({**tensors, "asinh": tensors["asinh"][:-1]})
    with pytest.raises(FreezeError, match=r"out\.0\.weight"):
        codec.restore({name: t for name, t in tensors.items() if name != "out.0.weight"})
    with pytest.raises(ShapeError, match=r"K 1\.\.16"):
        PixelAutoregressive(K=17)


def test_training_lowers_the_rate_and_reaches_every_weight():
    torch.manual_seed(0)
    codec, x = PixelAutoregressive(**SMALL), torch.cat([_image(24, 24, seed) for seed in range(4)])
    optimiser = torch.optim.Adam(codec.parameters(), 1e-2)
    rates = []
    for _ in range(30):
        loss = mse().loss(codec(x), x, lmbda=0.0130)
        assert loss.distortion.item() < 1e-6
        optimiser.zero_grad()
        loss.loss.backward()
        assert all(bool(p.grad.abs().sum() > 0) for p in codec.parameters())
        optimiser.step()
        rates.append(loss.rate.item())
    assert rates[-1] < 0.85 * rates[0]
