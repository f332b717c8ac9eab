import pytest
import torch

from litcodec.adversarial import (
    Judgement,
    LeastSquares,
    MultiScaleDiscriminator,
    NonSaturating,
    PatchDiscriminator,
    Wasserstein,
    feature_matching,
)
from litcodec.errors import ShapeError


def test_the_papers_patchgan_sees_an_eighth_of_the_image_and_the_latent() -> None:
    with torch.device("meta"):
        judge = PatchDiscriminator(220, spectral=False)
        found = judge(torch.zeros(2, 3, 256, 256), torch.zeros(2, 220, 16, 16))
    assert found.scores[0].shape == (2, 1, 32, 32)
    assert [tuple(f.shape[1:]) for f in found.features[0]] == [
        (64, 128, 128), (128, 64, 64), (256, 32, 32), (512, 32, 32),
    ]  # fmt: skip
    assert tuple(judge.layers[0].weight.shape) == (64, 15, 4, 4)


@torch.no_grad()
def test_scores_depend_on_the_latent_they_are_conditional_on() -> None:
    torch.manual_seed(0)
    judge = PatchDiscriminator(3, widths=(4, 4), strided=2).eval()
    x, y_hat = torch.rand(1, 3, 80, 80), torch.randn(1, 3, 5, 5)
    other = y_hat.clone()
    other[..., 0, 0] += 1  # of the upper left 16x16 pixels
    moved = (judge(x, y_hat).scores[0] - judge(x, other).scores[0]).abs() > 1e-7
    assert moved[0, 0, :3, :3].all()
    assert not moved[0, 0, 13:].any()
    free = PatchDiscriminator(0, widths=(4, 4), strided=2).eval()
    assert torch.equal(free(x, y_hat).scores[0], free(x, None).scores[0])


@torch.no_grad()
def test_spectral_norm_bounds_every_layer() -> None:
    torch.manual_seed(0)
    judge = PatchDiscriminator(3, widths=(6, 6), strided=2)
    for layer in judge.layers:
        layer.parametrizations.weight.original.mul_(50)
    for _ in range(60):
        judge(torch.rand(1, 3, 16, 16), torch.rand(1, 3, 1, 1))
    for layer in judge.eval().layers:
        assert float(torch.linalg.matrix_norm(layer.weight.flatten(1), 2)) == pytest.approx(1, rel=0.02)


def test_three_scales_have_weights_of_their_own_and_half_the_pixels_each() -> None:
    torch.manual_seed(0)
    judge = MultiScaleDiscriminator(widths=(4, 6))
    x = torch.rand(2, 3, 64, 32)
    found = judge(x, None)
    assert [tuple(s.shape[2:]) for s in found.scores] == [(16, 8), (8, 4), (4, 2)]
    assert [len(features) for features in found.features] == [2, 2, 2]
    assert not torch.equal(judge.scales[0].layers[0].weight, judge.scales[1].layers[0].weight)
    grey = judge(torch.full((2, 3, 64, 32), 0.3), None)  # smoothed without darker borders
    small = judge.scales[1](torch.full((2, 3, 32, 16), 0.3), None)
    torch.testing.assert_close(grey.scores[1], small.scores[0])


@pytest.mark.parametrize(
    ("loss", "of_real", "of_fake", "of_generator"),
    [
        (NonSaturating(), 0.126928, 1.313262, 0.313262),
        (LeastSquares(), 1.0, 1.0, 0.0),
        (Wasserstein(), -2.0, 1.0, -1.0),
    ],
)
def test_values_of_the_losses(loss, of_real: float, of_fake: float, of_generator: float) -> None:
    """Of a real score of 2 and a fake one of 1; of two scales, where the second is undecided, the mean."""
    real, fake = torch.full((1, 1, 2, 2), 2.0), torch.full((1, 1, 2, 2), 1.0)
    assert float(loss.discriminator([real], [fake])) == pytest.approx(of_real + of_fake, abs=1e-5)
    assert float(loss.generator([fake])) == pytest.approx(of_generator, abs=1e-5)
    zero = torch.zeros(1, 1, 1, 1)
    both = (of_real + of_fake + float(loss.discriminator([zero], [zero]))) / 2
    assert float(loss.discriminator([real, zero], [fake, zero])) == pytest.approx(both, abs=1e-5)


def test_the_gradient_penalty_of_a_linear_critic_is_its_squared_norm() -> None:
    class Linear(PatchDiscriminator):
        def forward(self, x, y_hat):
            return Judgement((3 * x.mean(dim=(1, 2, 3))[:, None, None, None],), ((),))

    x = torch.rand(2, 3, 8, 8)
    found = Wasserstein(gradient_penalty=10.0).penalty(Linear(), x, torch.rand_like(x), None)
    assert float(found) == pytest.approx(10 * 3**2 / (3 * 8 * 8), rel=1e-4)
    assert Wasserstein(gradient_penalty=0.0).penalty(Linear(), x, x, None) is None


def test_feature_matching_is_a_mean_of_means_without_gradient_for_the_real() -> None:
    real = tuple(torch.full((1, 2, k, k), float(k), requires_grad=True) for k in (1, 2))
    fake = tuple(torch.zeros(1, 2, k, k, requires_grad=True) for k in (1, 2))
    found = feature_matching(Judgement((), (real,)), Judgement((), (fake,)))
    assert float(found.detach()) == 1.5
    found.backward()
    assert all(f.grad is None for f in real)
    assert fake[0].grad is not None


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: PatchDiscriminator(3, widths=(4,), strided=2), "strided counts layers, 0 to 1; got 2"),
        (lambda: MultiScaleDiscriminator(scales=0), "got 0"),
        (lambda: PatchDiscriminator(3, widths=(0,)), "a number of channels"),
    ],
)
def test_discriminators_that_are_none_are_refused(make, reason: str) -> None:
    with pytest.raises(ShapeError, match=reason):
        make()


@torch.no_grad()
def test_detail_shows_texture_and_nothing_else() -> None:
    torch.manual_seed(0)
    judge = PatchDiscriminator(0, widths=(4, 4), strided=2, spectral=False, detail=8.0)
    assert tuple(judge.layers[0].weight.shape) == (4, 6, 4, 4)
    judge.layers[0].weight[:, :3] = 0  # what remains is seen through the three further channels
    x = 0.01 * torch.rand(1, 3, 32, 32)
    flat, brighter = judge(torch.zeros_like(x), None).scores[0], judge(x + 0.5, None).scores[0]
    assert (judge(x, None).scores[0] - brighter).abs().max() < 1e-5  # no constant is
    once, twice = (float((judge(k * x, None).scores[0] - flat).abs().mean()) for k in (1, 2))
    assert twice > 1.5 * once > 0
    for detail in (-1.0, float("nan")):
        with pytest.raises(ShapeError, match="detail is a gain of 0 or more"):
            PatchDiscriminator(0, detail=detail)
