"""Generative compression. It never escapes and has no quantiser to choose, unlike all of KINDS."""

import copy
import math

import pytest
import torch

from litcodec.codec_files import load_codec, save_codec, unfreeze
from litcodec.codecs import GenerativeCompression
from litcodec.errors import BitstreamError, FreezeError, ShapeError
from litcodec.objectives import bits_per_pixel
from litcodec.ops import nearest_centre


@pytest.fixture(scope="module")
def codec() -> GenerativeCompression:
    """Untrained, its y spread over all five centres and beyond."""
    torch.manual_seed(0)
    codec = GenerativeCompression(N=4, M=3, blocks=1).eval()
    with torch.no_grad():
        codec.g_a[-1].weight.mul_(3)
    return codec


@pytest.mark.parametrize(("H", "W"), [(1, 1), (17, 33), (255, 257), (64, 512)])
@torch.no_grad()
def test_bytes_decode_to_the_latents_and_pixels_of_the_eval_forward(
    codec, image_like, H: int, W: int
) -> None:
    x = image_like(H, W)
    frozen = codec.freeze()
    coded = frozen.encode(x)
    output = codec(x)
    assert torch.equal(coded.y_hat, output.y_hat)
    assert torch.equal(frozen.decode_latents(coded.strings, (H, W)), coded.y_hat)
    by_bytes, by_estimate = (frozen.decompress(frozen.compress(x)), output.x_hat.clamp(0, 1))
    assert (by_bytes - by_estimate).abs().max() < 1 / 255
    assert x.shape == by_bytes.shape


@pytest.mark.parametrize("gain", [1.0, 1e9])
@torch.no_grad()
def test_the_number_of_symbols_bounds_the_rate_of_any_image(codec, image_like, gain: float) -> None:
    """3 channels of 5 values for 256 pixels; equally likely, as before training, each costs log2 5 bits."""
    x = gain * image_like(128, 192)
    coded = codec.freeze().encode(x)
    assert set(coded.y_hat.unique().tolist()) <= {-2.0, -1.0, 0.0, 1.0, 2.0}
    assert coded.y_hat.unique().numel() >= 2
    assert (coded.escapes, coded.clipped) == (0, 0)
    assert codec.rate_bound == pytest.approx(3 * math.log2(5) / 256)
    bound = codec.rate_bound * 128 * 192
    assert bound * 0.999 < 8 * len(coded.strings[0]) < bound + 64
    assert float(bits_per_pixel(codec(x))) == pytest.approx(codec.rate_bound)
    assert float(codec.freeze().bits(x)[0].sum()) == pytest.approx(bound, rel=1e-3)


def test_probabilities_learn_what_is_coded_and_leave_the_encoder_alone(image_like) -> None:
    torch.manual_seed(0)
    codec = GenerativeCompression(N=4, M=2, blocks=1)
    x = image_like(64, 64, batch=2)
    optimiser = torch.optim.Adam(codec.parameters(), lr=0.1)
    before = codec.g_a[-1].weight.clone()
    for _ in range(100):
        optimiser.zero_grad()
        bits_per_pixel(codec(x)).backward()
        optimiser.step()
    assert torch.equal(codec.g_a[-1].weight, before)
    y_hat = codec.eval()(x).y_hat.long() + 2
    entropy = 0.0
    for channel in range(2):
        p = torch.bincount(y_hat[:, channel].flatten(), minlength=5) / y_hat[:, channel].numel()
        entropy -= float((p * torch.log2(p.clamp_min(1e-9))).sum()) / 256
    assert float(bits_per_pixel(codec(x)).detach()) == pytest.approx(entropy, rel=0.02)


def test_the_nearest_centre_has_the_gradient_of_the_soft_choice() -> None:
    x = torch.tensor([-7.0, -1.6, -0.4, 0.0, 0.49, 0.51, 2.2], dtype=torch.float64, requires_grad=True)
    found = nearest_centre(x, 2)
    assert found.tolist() == [-2, -2, 0, 0, 0, 1, 2]
    found.sum().backward()

    def soft(v):
        centres = torch.arange(-2, 3, dtype=torch.float64)
        return (torch.softmax(-(v[..., None] - centres).square(), -1) * centres).sum(-1)

    step = 1e-6
    numeric = (soft(x.detach() + step) - soft(x.detach() - step)) / (2 * step)
    torch.testing.assert_close(x.grad, numeric, rtol=1e-5, atol=1e-9)
    assert (x.grad[1:] > 0.02).all()
    assert not nearest_centre(x.detach(), 2).requires_grad


@torch.no_grad()
def test_a_codec_file_decodes_to_the_same_and_damage_is_a_typed_error(codec, image_like, tmp_path) -> None:
    frozen = codec.freeze()
    save_codec(frozen, tmp_path / "gc.safetensors")
    loaded = load_codec(tmp_path / "gc.safetensors")
    x = image_like(64, 96)
    (packed,) = frozen.compress(x)
    assert loaded.fingerprint == frozen.fingerprint
    assert torch.equal(loaded.decompress([packed]), frozen.decompress([packed]))
    for length in range(len(packed.strings[0])):
        with pytest.raises(BitstreamError):
            loaded.decompress([packed._replace(strings=(packed.strings[0][:length],))])
    with pytest.raises(FreezeError, match="a few centres"):
        loaded.with_rdoq(1.0)


def test_shapes_and_parameters_of_the_papers_size() -> None:
    with torch.device("meta"):
        codec = GenerativeCompression()
    shapes = {name: tuple(p.shape) for name, p in codec.state_dict().items()}
    assert shapes["g_a.15.weight"] == (4, 960, 3, 3)
    assert shapes["g_s.0.weight"] == (960, 4, 3, 3)
    assert shapes["g_s.11.branch.3.weight"] == (960, 960, 3, 3)
    assert shapes["g_s.24.weight"] == (3, 60, 7, 7)
    assert shapes["density.logits"] == (4, 5)


@pytest.mark.parametrize(
    ("arguments", "reason"), [({"centres": 4}, "odd, 3 to 255; got 4"), ({"M": 0}, "got 0")]
)
def test_arguments_that_make_no_codec_are_refused(arguments: dict[str, int], reason: str) -> None:
    with pytest.raises(ShapeError, match=reason):
        GenerativeCompression(**arguments)


def test_what_is_thawed_has_the_probabilities_of_the_file(codec) -> None:
    learned = copy.deepcopy(codec)
    with torch.no_grad():
        learned.latent_model.density.logits.normal_()
    frozen, other = learned.freeze(), GenerativeCompression(N=4, M=3, blocks=1).eval()
    unfreeze(other, frozen)
    masses = [each.decoder_tensors()["y.tables.masses"] for each in (frozen, other.freeze())]
    assert int((masses[0] - masses[1]).abs().max()) <= 2  # of 2^24
