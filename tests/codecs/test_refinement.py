"""An encoder that refines y by gradient descent: a better stream for the same decoder, never a worse one."""

import copy

import pytest
import torch
from tiny_hybrids import tiny_hybrid, tiny_variable_rate

from litcodec.bitstream import pack
from litcodec.codecs import Codec, FactorizedPrior, LappedCosine, MixtureAutoregressive, VariableRate
from litcodec.errors import FreezeError, OptionError
from litcodec.frozen import FrozenCodec, TrainingInfo, from_stream, to_stream
from litcodec.frozen.rd_cost import cost
from litcodec.refinement import EFFORTS, GumbelQuantiser, LatentRefiner, refiner, with_effort


@pytest.fixture(scope="module")
def plain(trained: Codec) -> FrozenCodec:
    """The trained codec, rounding to the nearest."""
    frozen = trained.freeze()
    frozen.training = TrainingInfo(0.05, "mse")
    return frozen


def _cost(codec: FrozenCodec, x: torch.Tensor, encoder: FrozenCodec) -> float:
    coded = encoder.encode(x)
    return cost(coded, codec.decode(coded.strings, (x.shape[2], x.shape[3])), x, codec.training)


def test_effort_lowers_the_cost_of_every_image_by_percents(plain: FrozenCodec, image_like) -> None:
    refining = with_effort(plain, 5)
    for seed in (5, 6, 7):
        x = image_like(96, 128, seed=seed)
        assert _cost(plain, x, refining) < 0.97 * _cost(plain, x, plain)


def test_it_adds_to_rdoq(plain: FrozenCodec, image_like) -> None:
    rdoq, x = plain.with_rdoq(8.0), image_like(96, 128, seed=5)
    before, after = _cost(plain, x, rdoq), _cost(plain, x, with_effort(rdoq, 5))
    assert before < _cost(plain, x, plain)
    assert after < 0.98 * before


def test_a_decoder_knows_nothing_of_it_and_it_repeats(plain: FrozenCodec, image_like) -> None:
    x = image_like(33, 70, seed=5)
    streams = {to_stream(with_effort(plain, 1), x) for _ in range(2)}
    assert len(streams) == 1
    (stream,) = streams
    assert stream != to_stream(plain, x)
    with torch.inference_mode():
        assert to_stream(with_effort(plain, 1), x) == stream
    assert with_effort(plain, 1).fingerprint == plain.fingerprint
    assert from_stream(plain, stream).shape == x.shape
    assert with_effort(plain, 0) is plain


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (1, 200)])
def test_no_size_costs_more(plain: FrozenCodec, image_like, size: tuple[int, int]) -> None:
    x = image_like(64, 256, seed=5)[..., : size[0], : size[1]]
    assert _cost(plain, x, with_effort(plain, 1)) <= _cost(plain, x, plain)


def test_what_costs_more_is_thrown_away(plain: FrozenCodec, image_like) -> None:
    x, asked = image_like(64, 64, seed=5), []

    def far_off(
        x: torch.Tensor, y: torch.Tensor, z_hat: torch.Tensor, training: TrainingInfo
    ) -> torch.Tensor:
        asked.append(training)
        return y + 10

    assert to_stream(plain.with_refiner(far_off), x) == to_stream(plain, x)
    assert asked == [plain.training]


def test_tiles_cover_an_image_and_bound_what_is_refined_at_once(
    plain: FrozenCodec, trained: Codec, image_like, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refiner, "TILE", 64)
    done: list[float] = []
    x = image_like(128, 256, seed=5)[..., :100, :200]
    y = plain.analyse(x)
    refine = with_effort(plain, 1, done.append)
    assert _cost(plain, x, refine) < 0.98 * _cost(plain, x, plain)
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert len(done) == 2 * 4 * EFFORTS[1]
    sides: list[int] = []

    def one_more(self, codec, start, *rest) -> torch.Tensor:
        assert start.x.shape[2] <= 16 * start.y.shape[2] == 64 * start.z_hat.shape[2]
        sides.append(start.y.shape[2])
        return start.y + 1

    monkeypatch.setattr(LatentRefiner, "_refined", one_more)
    z_hat = plain.latent_coder.z_hat(y)
    found = LatentRefiner(copy.deepcopy(trained), 1)(x, y, z_hat, plain.training)
    assert torch.equal(found, y + 1)  # every latent from one tile, in its own place
    assert sides == [8] * 8  # 64 pixels and the margin, of the other side alone at a border


def test_rates_asked_for_still_hold(image_like) -> None:
    torch.manual_seed(0)
    codec = tiny_variable_rate().eval().freeze()
    codec.training = TrainingInfo(codec.rates.middle, "mse")
    x = image_like(64, 64, seed=5)
    for quality in (20.0, 80.0):
        limit = len(to_stream(codec.at_quality(quality), x))
        found = with_effort(codec, 1).largest_within(x, limit)
        without = codec.largest_within(x, limit)
        assert len(pack(found, codec.fingerprint)) <= limit
        at = codec.at(codec.level_in(without.strings))
        costs = [
            at.training.lmbda * 255**2 * float((codec.decompress([c]) - x).square().mean())
            + 8 * sum(map(len, c.strings)) / 64**2
            for c in (found, without)
        ]
        assert costs[0] <= costs[1] + 1e-9


def test_both_ends_of_a_range_of_rates_are_refined(image_like) -> None:
    torch.manual_seed(0)
    inner = LappedCosine(
        N=8, groups=(2, 4), features=3, width=6, checkerboards=1, analysis_blocks=0, synthesis_blocks=0
    )
    codec = VariableRate(inner, lmbda_min=0.0004, lmbda_max=0.15, anchors=2).eval().freeze()
    codec.training = TrainingInfo(codec.rates.middle, "mse")
    x = image_like(64, 64, seed=5)
    costs, done = [], []
    for quality in (1.0, 100.0):  # an lmbda beyond the range by a rounding error would be refused
        at = codec.at_quality(quality)
        costs.append((_cost(at, x, with_effort(at, 1, done.append)), _cost(at, x, at)))
    assert len(done) == 2 * EFFORTS[1]
    assert all(refined <= plain for refined, plain in costs)


def test_a_codec_without_the_means_says_so() -> None:
    torch.manual_seed(0)
    for kind, words in (
        (FactorizedPrior(N=8, M=12), "factorized prior alone"),
        (MixtureAutoregressive(N=8, M=12), "Gaussian for every latent"),
        (tiny_hybrid(), "a HybridCodec refines no latents.* Leave --effort out"),
    ):
        frozen = kind.freeze()
        frozen.training = TrainingInfo(0.05, "mse")
        with pytest.raises(FreezeError, match=words):
            with_effort(frozen, 3)


def test_wrong_efforts_and_missing_objectives_are_refused(plain: FrozenCodec, trained: Codec) -> None:
    for wrong in (-1, 10):
        with pytest.raises(OptionError, match=rf"0 to 9; got {wrong}\."):
            with_effort(plain, wrong)
    with pytest.raises(FreezeError, match="lacks lmbda or the distortion"):
        with_effort(trained.freeze(), 1)


@pytest.mark.parametrize(("temperature", "chance"), [(1.0, 0.3), (0.5, 0.09 / (0.09 + 0.49))])
def test_draws_are_as_likely_as_the_paper_says(temperature: float, chance: float) -> None:
    quantiser = GumbelQuantiser(seed=0).train()
    quantiser.temperature = temperature
    v = torch.full((100_000,), -1.7, requires_grad=True)
    drawn, same = quantiser(v, torch.tensor(0.0))
    assert drawn is same
    assert ((drawn >= -2) & (drawn <= -1)).all()
    assert float((drawn > -1.5).float().mean()) == pytest.approx(chance, abs=0.005)
    drawn.sum().backward()
    assert (v.grad >= 0).all()
    assert v.grad.mean() > 0.1
    quantiser.temperature = 0.01
    cold = quantiser(v.detach(), torch.tensor(0.25)).for_rate
    assert (cold == -1.75).float().mean() > 0.999  # a residual of -1.95 is all but sure to become -2


def test_each_effort_is_longer_than_the_last() -> None:
    assert list(EFFORTS) == sorted(set(EFFORTS))
    assert EFFORTS[0] == 0
