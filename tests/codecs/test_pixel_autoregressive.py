"""The lossless codec: the very pixels, the estimated rate, the same bytes however many are coded at once."""

import zlib
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from litcodec.bitstream import pack, unpack
from litcodec.codec_files import load_codec, save_codec
from litcodec.codecs import PixelAutoregressive, pixel_autoregressive
from litcodec.errors import BitstreamError, Corrupt, FreezeError, ShapeError
from litcodec.frozen import FrozenPixelAutoregressive, from_stream, to_stream
from litcodec.frozen import pixel_autoregressive as frozen_pixel_autoregressive
from litcodec.frozen.pixel_autoregressive import PREDICTION_BYTES
from litcodec.latent_coding import pixel_walk
from litcodec.layers import PIXEL_OFFSETS, SLOPE, fit_prediction, pixel_inputs
from litcodec.objectives import mse

SMALL = {"N": 12, "M": 6, "blocks": 2, "K": 3}


@pytest.fixture(scope="module", params=["med", "linear"])
def codec(request: pytest.FixtureRequest) -> PixelAutoregressive:
    torch.manual_seed(0)
    return PixelAutoregressive(**SMALL, prediction=request.param)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images of 400 pixels are worth weights of their own."""
    for module in (pixel_autoregressive, frozen_pixel_autoregressive):
        monkeypatch.setattr(module, "FIT_FROM", 400)


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
    """Left, right and upper borders included; far tails, whose scales are in steps, may be off more."""
    x = _image(24, 30)
    with torch.no_grad():
        estimated = -torch.log2(codec(x).likelihoods[0])
    off = (estimated - frozen.bits(x)[0]).abs()
    assert float(off[estimated < 8].max()) < 0.05


@pytest.mark.usefixtures("fits")
@pytest.mark.parametrize("size", [(20, 20), (1, 500), (500, 1), (23, 61)])
def test_weights_fitted_to_an_image_are_sent_with_it(size: tuple[int, int]):
    torch.manual_seed(0)
    codec = PixelAutoregressive(**SMALL, prediction="linear")
    frozen, x = codec.freeze(), _image(*size)
    strings = frozen.encode(x).strings
    assert len(strings[1]) == PREDICTION_BYTES
    assert torch.equal((frozen.decode(strings, size) * 255).round(), (x * 255).round())
    with torch.no_grad():
        estimated = -torch.log2(codec(x).likelihoods[0])
    off = (estimated - frozen.bits(x)[0]).abs()
    assert float(off[estimated < 8].max()) < 0.05
    with pytest.raises(Corrupt, match=f"not {PREDICTION_BYTES}"):
        frozen.decode((strings[0], strings[1][:-1], strings[2]), size)
    with pytest.raises(BitstreamError):
        frozen.decode((strings[0], b"\xff\x7f" * (PREDICTION_BYTES // 2), strings[2]), size)


def test_a_fitted_prediction_finds_how_an_image_was_made():
    """Each channel of it is 1.25 W - 0.5 NW + 0.25 N, plus noise; R follows half of the noise of G."""
    generator = torch.Generator().manual_seed(0)
    H, W = 120, 150
    noise = torch.randn(3, H, W, generator=generator) * 8
    noise[1] += 0.5 * noise[0]
    v = torch.full((3, H + 1, W + 1), 128.0)
    for row in range(1, H + 1):
        for column in range(1, W + 1):
            west, north_west, north = v[:, row, column - 1], v[:, row - 1, column - 1], v[:, row - 1, column]
            mean = 128 + 0.75 * (west - 128) - 0.25 * (north_west - 128) + 0.25 * (north - 128)
            v[:, row, column] = mean + noise[:, row - 1, column - 1]
    fitted = fit_prediction(v[:, 1:, 1:].round().clamp(0, 255))
    weights = fitted.weights.reshape(3, 27, 3) / 256
    for channel in range(3):
        assert abs(float(weights[channel, PIXEL_OFFSETS.index((-1, 0)) - 1, channel]) - 0.25) < 0.1
        assert abs(float(weights[channel, PIXEL_OFFSETS.index((-1, -1)) - 1, channel]) + 0.25) < 0.1
    assert abs(float(fitted.coefficients[0]) / 256 - 0.5) < 0.1


def test_a_linear_prediction_costs_no_memory_that_grows_with_the_width():
    """Only a part of so wide an image is looked at, whatever its height."""
    v = torch.arange(3 * 2**18).reshape(3, 1, -1).float() % 256
    assert torch.equal(fit_prediction(v).weights, fit_prediction(v[..., : 2**16]).weights)


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
    string, *sent, crc = frozen.encode(x).strings
    pixels = (x[0] * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
    assert int.from_bytes(crc, "little") == zlib.crc32(pixels.tobytes())
    with pytest.raises(Corrupt, match="CRC that the encoder saw"):
        frozen.decode((string, *sent, bytes([crc[0] ^ 1]) + crc[1:]), (9, 8))


def test_damaged_strings_are_refused_whatever_is_damaged(frozen: FrozenPixelAutoregressive):
    """Or gives the very pixels: the last bits of a string may be any. The container's CRC is not asked."""
    x = _image(12, 10)
    (packed,) = frozen.compress(x)
    string, *sent, crc = packed.strings
    generator = np.random.default_rng(0)
    damaged = [b"", string[:-1], string[:-4], string + b"\0\0\0\1", string[4:], bytes(len(string))]
    for _ in range(20):
        at = int(generator.integers(len(string)))
        damaged.append(string[:at] + bytes([string[at] ^ int(generator.integers(1, 256))]) + string[at + 1 :])
    refused = 0
    for other in damaged:
        try:
            assert torch.equal(
                (frozen.decode((other, *sent, crc), packed.size) * 255).round(), (x * 255).round()
            )
        except BitstreamError:
            refused += 1
    assert refused >= len(damaged) - 2
    for strings in ((string,), (string, *sent, crc, b""), (string, *sent, crc + b"\0")):
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


@pytest.mark.parametrize("prediction", ["med", "linear"])
def test_training_lowers_the_rate_and_reaches_every_weight(prediction: Literal["med", "linear"]):
    torch.manual_seed(0)
    codec, x = (
        PixelAutoregressive(**SMALL, prediction=prediction),
        torch.cat([_image(24, 24, seed) for seed in range(4)]),
    )
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
