"""One network for all rates. What holds for every codec is tested with the others, as one of their KINDS."""

import copy

import pytest
import torch
from tiny_hybrids import SIZES, inner_of, tiny_hybrid, tiny_variable_rate

from litcodec.codec_files import build_codec
from litcodec.codecs import Codec, FactorizedPrior, HybridCodec, JointAutoregressive, VariableRate
from litcodec.errors import CodecFileError, Corrupt, FreezeError, ShapeError
from litcodec.frozen import FrozenVariableRate, from_stream, to_stream
from litcodec.frozen.rates import MIDDLE, RateRange, level_of, quality_of
from litcodec.metrics import psnr
from litcodec.objectives import bits_per_pixel, mse
from litcodec.transforms import GRDN
from litcodec.types import Compressed

LEVELS = (0, 90, 128, 201, 255)


@pytest.fixture(scope="module", params=["factorized", "mean-scale", "autoregressive"])
def lively(request, make_lively, image_like) -> VariableRate:
    """In eval mode, its gains as varied as if trained."""
    kinds: dict[str, type[Codec]] = {"factorized": FactorizedPrior, "autoregressive": JointAutoregressive}
    kind = kinds.get(request.param)
    codec = make_lively(lambda: tiny_variable_rate(*([kind] if kind else [])), image_like)
    assert isinstance(codec, VariableRate)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in codec.gains.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    return codec


@pytest.fixture(scope="module")
def frozen(lively: VariableRate) -> FrozenVariableRate:
    return lively.freeze()


def test_levels_are_log_uniform_and_qualities_linear_on_them():
    rates = RateRange(0.002, 0.2)
    assert [rates.lmbda(level) for level in (0, 51, 255)] == pytest.approx([0.002, 0.002 * 100**0.2, 0.2])
    assert [level_of(q) for q in (1, 1.1, 1.3, 50.5, 100)] == [0, 0, 1, 128, 255]
    assert [level_of(quality_of(level)) for level in range(256)] == list(range(256))
    for use, wrong in ((level_of, 0.9), (level_of, 101), (level_of, float("nan")), (rates.lmbda, 256)):
        with pytest.raises(ShapeError, match=f"got {wrong:g}"):
            use(wrong)


@torch.no_grad()
def test_each_image_of_a_batch_is_coded_at_its_own_lmbda(lively: VariableRate, image_like):
    x = image_like(64, 64, batch=3)
    lmbdas = torch.tensor([lively.lmbda_range.lmbda(level) for level in (0, 128, 255)])
    together = lively(x, lmbdas)
    for k in range(3):
        alone = lively(x[k : k + 1], lmbdas[k : k + 1])
        torch.testing.assert_close(together.x_hat[k : k + 1], alone.x_hat, rtol=0, atol=1e-4)
        torch.testing.assert_close(together.likelihoods[0][k : k + 1], alone.likelihoods[0])
    default = lively(x[1:2])
    assert torch.equal(default.likelihoods[0], lively(x[1:2], lmbdas[1:2]).likelihoods[0])
    rates = [float(bits_per_pixel(lively(x, lmbdas[k].expand(3)))) for k in range(3)]
    assert rates == sorted(rates)


@torch.no_grad()
def test_the_estimate_at_a_lmbda_is_what_its_level_costs_and_decodes_to(
    lively: VariableRate, frozen: FrozenVariableRate, image_like
):
    x = image_like(128, 192)
    for level in (0, 90, 255):
        at = frozen.at(level)
        assert at.training.lmbda == pytest.approx(lively.lmbda_range.lmbda(level))
        output = lively(x, torch.tensor([at.training.lmbda]))
        coded = at.encode(x)
        bits = float(bits_per_pixel(output)) * 128 * 192
        # Not trained: an escape costs less than the likelihood's floor says.
        assert bits - 30 * coded.escapes <= 8 * sum(map(len, coded.strings)) <= 1.01 * bits + 8 * 40
        by_bytes = at.decode(coded.strings, (128, 192))
        close = (output.x_hat.clamp(0, 1) - by_bytes).abs() < 2 / 255
        assert close.float().mean() > 0.95  # a latent on a border may fall to either side


def test_any_stream_is_decoded_whatever_level_the_decoder_is_set_to(frozen: FrozenVariableRate, image_like):
    x = image_like(37, 51)
    streams = {level: to_stream(frozen.at(level), x) for level in LEVELS}
    assert len(set(streams.values())) == len(LEVELS)
    assert to_stream(frozen, x) == streams[MIDDLE]
    for level, stream in streams.items():
        decoded = [from_stream(codec, stream) for codec in (frozen, frozen.at(0), frozen.at(level))]
        assert all(torch.equal(decoded[0], other) for other in decoded)
        (packed,) = frozen.at(level).compress(x)
        assert packed.strings[-1] == bytes([level])
        assert frozen.at(17).level_in(packed.strings) == level


def test_bytes_and_quality_rise_with_the_level(make_lively, image_like):
    # A synthesis that undoes the analysis takes training: here the latents say what is lost.
    frozen = make_lively(tiny_variable_rate, image_like).freeze()
    x = image_like(96, 128)
    y, lengths, errors = frozen.analyse(x), [], []
    for level in LEVELS:
        coded = frozen.encode_latents(y, level)
        lengths.append(sum(map(len, coded.strings)))
        errors.append(float((coded.y_hat * frozen.gains_at(level).inverse - y).square().mean()))
    assert lengths == sorted(set(lengths))
    assert errors == sorted(set(errors), reverse=True)


def test_analysed_once_is_coded_as_if_each_level_had_been(frozen: FrozenVariableRate, image_like):
    x = image_like(37, 51)
    y = frozen.analyse(x)
    for level in (0, 255):
        again = frozen.at(level).encode(x)
        assert frozen.encode_latents(y, level).strings == again.strings
        assert torch.equal(frozen.decode_latents(again.strings, (37, 51)), again.y_hat)


def test_a_level_of_no_or_two_bytes_is_corrupt(frozen: FrozenVariableRate, image_like):
    (packed,) = frozen.compress(image_like(16, 16))
    for last in (b"", b"\x00\x00"):
        with pytest.raises(Corrupt, match=f"level has {len(last)} bytes"):
            frozen.decompress([Compressed((*packed.strings[:-1], last), packed.size)])


def test_inverse_gains_are_of_the_decoder_and_gains_of_the_encoder(lively: VariableRate):
    fingerprint = lively.freeze().fingerprint
    for name, changes in (("log_gains", False), ("log_inverse_gains", True)):
        other = copy.deepcopy(lively)
        with torch.no_grad():
            other.gains.get_parameter(name)[0, 0] += 0.01
        assert (other.freeze().fingerprint != fingerprint) == changes
    with torch.no_grad():
        other.gains.log_gains[0, 0] = 41
    with pytest.raises(FreezeError, match="log_gains of 41 is too large"):
        other.freeze()


def test_training_at_drawn_rates_moves_every_weight(lively: VariableRate, image_like):
    codec, x = copy.deepcopy(lively).train(), image_like(64, 64, batch=2)
    mse().loss(codec(x, torch.tensor([0.002, 0.09])), x, lmbda=0.01).loss.backward()
    for name, parameter in codec.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_a_gain_means_more_than_a_scale_of_pixels(frozen: FrozenVariableRate, image_like):
    """The level byte decides what the same latents look like."""
    (packed,) = frozen.at(255).compress(image_like(40, 40))
    other = packed._replace(strings=(*packed.strings[:-1], b"\x00"))
    a, b = frozen.decompress([packed]), frozen.decompress([other])
    assert psnr(a, b) < 40


def test_what_makes_no_variable_rate_is_refused():
    inner = FactorizedPrior(N=8, M=12)
    with pytest.raises(ShapeError, match="a HybridCodec has no transforms of its own"):
        VariableRate(tiny_hybrid(scale=1))
    with pytest.raises(ShapeError, match="a VariableRate has no transforms of its own"):
        VariableRate(VariableRate(inner))
    with pytest.raises(ShapeError, match="the inner codec is a VariableRate itself"):
        HybridCodec(VariableRate(inner), GRDN(**SIZES))
    for low, high in ((0.0, 1.0), (0.1, 0.1), (0.1, float("inf")), (float("nan"), 1.0)):
        with pytest.raises(ShapeError, match=f"got {low} and {high}"):
            VariableRate(inner, lmbda_min=low, lmbda_max=high)
    with pytest.raises(ShapeError, match="got 1"):
        VariableRate(inner, anchors=1)
    with pytest.raises(ShapeError, match=r"one lmbda for each of 2 images; got \(1,\)"):
        VariableRate(inner)(torch.zeros(2, 3, 16, 16), torch.tensor([0.01]))


@pytest.mark.parametrize(
    "change",
    [
        {"anchors": 10**9},
        {"anchors": 1},
        {"anchors": True},
        {"lmbda_min": "0.1"},
        {"lmbda_min": 0.5},
        {"lmbda_max": float("inf")},
        {"inner": {"class_path": "litcodec.codecs.VariableRate", "init_args": {}}},
        {"inner": {"class_path": "litcodec.codecs.HybridCodec", "init_args": {}}},
        {"inner": {"class_path": "litcodec.codecs.MeanScaleHyperprior", "init_args": {"N": 0}}},
        {"inner": None},
        {"rates": 3},
    ],
)
def test_a_file_can_name_no_absurd_codec(change):
    name, init_args = tiny_variable_rate().architecture
    with torch.device("meta"):
        built = build_codec({"class_path": name, "init_args": init_args})
        assert inner_of(built).architecture == tiny_variable_rate().inner.architecture
        with pytest.raises(CodecFileError):
            build_codec({"class_path": name, "init_args": {**init_args, **change}})
