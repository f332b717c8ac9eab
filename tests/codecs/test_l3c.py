"""L3C: the very pixels, the estimated rate, the same bytes in strips of any height, damage refused."""

import random

import pytest
import torch
from torch import Tensor

from litcodec.codec_files import load_codec, save_codec
from litcodec.codecs import L3C
from litcodec.errors import Corrupt, LitcodecError, ShapeError
from litcodec.frozen import FrozenL3C
from litcodec.latent_coding import exact_scale
from litcodec.objectives import mse

SMALL = {"N": 8, "C": 2, "levels": 9, "scales": 3, "blocks": 1, "K": 3}


@pytest.fixture(scope="module")
def codec() -> L3C:
    torch.manual_seed(0)
    codec = L3C(**SMALL)
    with torch.no_grad():
        for parameter in codec.parameters():
            parameter.add_(0.03 * torch.randn(parameter.shape))
    return codec


@pytest.fixture(scope="module")
def frozen(codec: L3C) -> FrozenL3C:
    return codec.freeze()


def _image(H: int, W: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    rows, columns = torch.arange(H)[:, None], torch.arange(W)[None]
    smooth = torch.stack([128 + 90 * torch.sin(rows / 9 + columns / (11 + c)) for c in range(3)])
    return (smooth + torch.randn(3, H, W, generator=generator) * 6).round().clamp(0, 255)[None] / 255


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (8, 8), (5, 3), (17, 33), (40, 24)])
def test_images_of_any_size_come_back_exactly(frozen: FrozenL3C, size: tuple[int, int]):
    x = _image(*size)
    (packed,) = frozen.compress(x)
    assert len(packed.strings) == frozen.string_count == 5
    assert torch.equal((frozen.decompress([packed]) * 255).round(), (x * 255).round())


def test_written_bytes_are_the_information_and_what_training_estimates(codec: L3C, frozen: FrozenL3C):
    x = _image(48, 64)
    strings, bits = frozen.encode(x).strings, frozen.bits(x)
    with torch.no_grad():
        likelihoods = codec(x).likelihoods
    for string, exact, estimated in zip(strings[:-1], bits, likelihoods, strict=True):
        assert exact.shape == estimated.shape
        assert float(exact.sum()) <= 8 * len(string) <= float(exact.sum()) + 64
        assert float(-estimated.log2().sum()) == pytest.approx(float(exact.sum()), rel=0.002)


def test_strips_change_no_parameter(frozen: FrozenL3C, monkeypatch: pytest.MonkeyPatch):
    """A receptive field counted one row too small would show at a seam."""
    scale = frozen._coder.scales[0]
    z = torch.randint(-4, 5, (1, 2, 37, 11)).double() * 512
    coarse = torch.randint(-9000, 9000, (1, 8, 37, 11)).float()
    (whole,) = scale.strips(z, coarse)
    monkeypatch.setattr(exact_scale, "AT_ONCE", 3 * 11)
    monkeypatch.setattr(exact_scale, "STRIPS_AT_ONCE", 2)
    strips = list(scale.strips(z, coarse))
    assert len(strips) == 13
    assert torch.equal(torch.cat([strip.parameters for strip in strips], dim=1), whole.parameters)
    assert torch.equal(torch.cat([strip.features for strip in strips], dim=2), whole.features)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_image_of_several_strips_comes_back_on_any_number_of_threads(
    frozen: FrozenL3C, monkeypatch: pytest.MonkeyPatch, threads: int
):
    monkeypatch.setattr(exact_scale, "AT_ONCE", 64)
    x, before = _image(50, 41), torch.get_num_threads()
    strings = frozen.encode(x).strings
    torch.set_num_threads(threads)
    try:
        decoded = frozen.decode(strings, (50, 41))
        assert frozen.encode(x).strings == strings
    finally:
        torch.set_num_threads(before)
    assert torch.equal((decoded * 255).round(), (x * 255).round())


def test_a_saved_codec_decodes_what_the_first_wrote(frozen: FrozenL3C, tmp_path):
    save_codec(frozen, tmp_path / "codec.safetensors")
    loaded = load_codec(tmp_path / "codec.safetensors")
    assert loaded.fingerprint == frozen.fingerprint
    x = _image(20, 30)
    assert torch.equal(loaded.decode(frozen.encode(x).strings, (20, 30)), x)


def test_rate_falls_in_training_and_gradients_reach_every_weight():
    torch.manual_seed(1)
    codec = L3C(**SMALL)
    optimiser = torch.optim.Adam(codec.parameters(), lr=3e-3)
    losses = []
    for step in range(60):
        x = torch.cat([_image(32, 32, seed=2 * step + k) for k in range(2)])
        loss = mse().loss(codec(x), x, lmbda=0.01)
        optimiser.zero_grad()
        loss.loss.backward()
        if step == 0:
            assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in codec.parameters())
        optimiser.step()
        losses.append(float(loss.loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


def test_damaged_strings_are_refused(frozen: FrozenL3C):
    x, rng = _image(24, 40), random.Random(0)
    strings, refused = frozen.encode(x).strings, 0
    for _ in range(100):
        changed = [bytearray(string) for string in strings]
        part = changed[rng.randrange(5)]
        part[rng.randrange(len(part))] ^= 1 << rng.randrange(8)
        del part[rng.choice((len(part), rng.randrange(len(part)))) :]
        try:
            frozen.decode(tuple(map(bytes, changed)), (24, 40))
        except LitcodecError:
            refused += 1
    assert refused == 100  # the CRC says so if nothing did before


def test_few_bytes_cannot_claim_a_large_image(frozen: FrozenL3C):
    """Equally likely levels cost bits, whatever they are."""
    strings = frozen.encode(_image(8, 8)).strings
    with pytest.raises(Corrupt, match="take at least"):
        frozen.decode(strings, (8192, 8192))


@pytest.mark.parametrize(
    "wrong", [{"levels": 8}, {"levels": 1}, {"scales": 0}, {"K": 17}, {"C": 0}, {"N": 0}]
)
def test_sizes_that_make_no_sense_are_refused(wrong: dict[str, int]):
    with pytest.raises(ShapeError):
        L3C(**(SMALL | wrong))
