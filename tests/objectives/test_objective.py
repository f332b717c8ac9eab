import json
import math
from typing import NamedTuple

import pytest
import torch

from litcodec import metrics
from litcodec.errors import ObjectiveError
from litcodec.limits import MS_SSIM_MIN_SIDE
from litcodec.objectives import (
    L1,
    MSE,
    MSSSIM,
    Charbonnier,
    Objective,
    Term,
    bits_per_pixel,
    build,
    describe,
    mixed,
    ms_ssim,
    mse,
)
from litcodec.objectives.objective import MS_SSIM_PER_MSE
from litcodec.types import CodecOutput


def _output(x_hat: torch.Tensor, *likelihoods: torch.Tensor) -> CodecOutput:
    return CodecOutput(x_hat, likelihoods)


def test_bits_are_summed_over_latents_and_divided_by_pixels_and_images():
    x_hat = torch.zeros(2, 3, 10, 20)
    y = torch.full((2, 4, 1, 2), 0.25)  # 16 symbols of 2 bits
    z = torch.full((2, 2, 1, 1), 0.5)  # 4 symbols of 1 bit
    assert bits_per_pixel(_output(x_hat, y)).item() == pytest.approx(32 / 400)
    assert bits_per_pixel(_output(x_hat, y, z)).item() == pytest.approx(36 / 400)


def test_certain_symbols_are_free():
    assert bits_per_pixel(_output(torch.zeros(1, 3, 4, 4), torch.ones(1, 2, 1, 1))).item() == 0


def test_distortion_is_the_squared_error_on_the_255_scale():
    x = torch.full((1, 3, 8, 8), 0.5)
    output = _output(x + 2 / 255, torch.full((1, 1, 1, 1), 0.5))
    loss = mse().loss(output, x, lmbda=0.0130)
    assert loss.distortion.item() == pytest.approx(4.0, rel=1e-5)
    assert loss.rate.item() == pytest.approx(1 / 64)
    assert loss.loss.item() == pytest.approx(1 / 64 + 0.0130 * 4.0, rel=1e-5)


def test_ms_ssim_distortion_is_one_minus_the_metric(image_like):
    x = image_like(176, 192)
    x_hat = (x + 0.03 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    x, x_hat = (v.mul(255).round() / 255 for v in (x, x_hat))
    loss = ms_ssim().loss(_output(x_hat, torch.ones(1, 1, 1, 1)), x, lmbda=8.73)
    assert loss.distortion.item() == pytest.approx(1 - metrics.ms_ssim(x[0], x_hat[0]), abs=1e-5)
    assert loss.loss.item() == pytest.approx(8.73 * loss.distortion.item())


def test_identical_images_have_no_distortion(image_like):
    x = image_like(176, 176)
    for objective in (mse(), ms_ssim(), mixed()):
        loss = objective.loss(_output(x, torch.ones(1, 1, 1, 1)), x, lmbda=1.0)
        assert loss.distortion.item() == pytest.approx(0, abs=1e-6)


def test_mixed_is_four_fifths_squares_and_one_fifth_structure(image_like):
    x = image_like(176, 192)
    output = _output(x * 0.9, torch.ones(1, 1, 1, 1))
    squares, structure, both = (
        objective.loss(output, x, lmbda=1.0).distortion.item() for objective in (mse(), ms_ssim(), mixed())
    )
    assert both == pytest.approx(0.8 * squares + 0.2 * 1275 * structure, rel=1e-5)


@pytest.mark.parametrize("lmbdas", [(0.0018, 2.40), (0.0250, 31.73), (0.1800, 220.00)])
def test_a_lmbda_of_mse_weighs_structure_as_the_fields_pairs_do(lmbdas: tuple[float, float]):
    assert MS_SSIM_PER_MSE * lmbdas[0] == pytest.approx(lmbdas[1], rel=0.05)


@pytest.mark.parametrize("objective", [ms_ssim(), mixed()])
@pytest.mark.parametrize("size", [(160, 300), (300, 160)])
def test_images_too_small_for_ms_ssim_are_refused_with_their_size(size: tuple[int, int], objective):
    x = torch.zeros(1, 3, *size)
    with pytest.raises(ObjectiveError, match=f"{MS_SSIM_MIN_SIDE}.*{size[0]}, {size[1]}"):
        objective.loss(_output(x, torch.ones(1, 1, 1, 1)), x, lmbda=1.0)


def test_the_smallest_side_is_large_enough():
    x = torch.rand(1, 3, MS_SSIM_MIN_SIDE, MS_SSIM_MIN_SIDE, generator=torch.Generator().manual_seed(0))
    ms_ssim().loss(_output(x, torch.ones(1, 1, 1, 1)), x, lmbda=1.0)


@pytest.mark.parametrize("objective", [mse(), ms_ssim(), mixed()])
def test_half_precision_reconstructions_give_float32_losses(objective, image_like):
    x = image_like(176, 176)
    loss = objective.loss(_output(x.bfloat16(), torch.full((1, 1, 1, 1), 0.5)), x, lmbda=1.0)
    assert {value.dtype for value in loss[:3]} == {torch.float32}
    assert all(value.isfinite() and value.dim() == 0 for value in loss[:3])


@pytest.mark.parametrize("objective", [mse(), ms_ssim(), mixed()])
def test_both_terms_have_gradients(objective, image_like):
    x = image_like(176, 176)
    x_hat = (x * 0.9).requires_grad_()
    likelihoods = torch.full((1, 1, 2, 2), 0.3, requires_grad=True)
    objective.loss(_output(x_hat, likelihoods), x, lmbda=0.01).loss.backward()
    assert x_hat.grad.abs().sum() > 0
    assert likelihoods.grad.flatten().tolist() == pytest.approx(
        [-1 / (0.3 * math.log(2) * 176 * 176)] * 4, rel=1e-5
    )


@pytest.mark.parametrize("objective", [mse(), ms_ssim(), mixed()])
def test_a_loss_of_each_is_the_mean_of_losses_of_one(objective, image_like):
    x = image_like(176, 176, batch=3)
    x_hat = x * torch.tensor([0.99, 0.9, 0.8])[:, None, None, None]
    y, z = torch.rand(3, 4, 11, 11) + 0.01, torch.rand(3, 2, 3, 3) + 0.01
    lmbdas = torch.tensor([0.01, 0.1, 10.0])
    found = objective.loss(_output(x_hat, y, z), x, lmbda=lmbdas)
    alone = [
        objective.loss(
            _output(x_hat[k : k + 1], y[k : k + 1], z[k : k + 1]),
            x[k : k + 1],
            lmbda=float(lmbdas[k]),
        )
        for k in range(3)
    ]
    for value, of_one in zip(found[:3], zip(*(one[:3] for one in alone), strict=True), strict=True):
        assert value.item() == pytest.approx(float(sum(of_one)) / 3, rel=1e-5)
        assert value.dtype is torch.float32
    equal = objective.loss(_output(x_hat, y, z), x, lmbda=torch.full((3,), 0.1))
    assert equal.loss.item() == pytest.approx(
        objective.loss(_output(x_hat, y, z), x, lmbda=0.1).loss.item(), rel=1e-5
    )


def test_l1_and_charbonnier_are_absolute_errors_on_the_255_scale():
    x = torch.full((2, 3, 8, 8), 0.5)
    x_hat = x + torch.tensor([2 / 255, -5 / 255])[:, None, None, None]
    assert L1().per_image(x_hat, x).tolist() == pytest.approx([2, 5], rel=1e-5)
    assert Charbonnier(epsilon=1e-6).per_image(x_hat, x).tolist() == pytest.approx([2, 5], rel=1e-3)
    error = 3 / 255
    expected = 255 * (math.sqrt(error**2 + 0.01**2) - 0.01)
    assert Charbonnier(epsilon=0.01).per_image(x + error, x).tolist() == pytest.approx(
        [expected] * 2, rel=1e-4
    )


def test_an_encoders_cost_is_the_loss_of_training(image_like):
    x = image_like(176, 192)
    x_hat = (x * 0.9 + 0.02).clamp(0, 1)
    y = torch.full((1, 4, 11, 12), 0.25)
    for objective in (mse(), ms_ssim(), mixed(), Objective([Term(L1(), 2.0), Term(Charbonnier())])):
        loss = objective.loss(_output(x_hat, y), x, lmbda=0.02)
        assert objective.cost(loss.rate.item(), x_hat, x, 0.02) == pytest.approx(loss.loss.item(), rel=1e-5)


def test_parts_are_named_by_their_distortions(image_like):
    x = image_like(176, 176)
    objective = Objective([Term(Charbonnier(), 3.0), Term(MSSSIM(), 7.0)])
    loss = objective.loss(_output(x * 0.9, torch.ones(1, 1, 1, 1)), x, lmbda=1.0)
    assert [part.name for part in loss.parts] == ["Charbonnier", "MS-SSIM"]
    assert objective.label == "Charbonnier + MS-SSIM"
    weighted = 3 * loss.parts[0].value + 7 * loss.parts[1].value
    assert loss.distortion.item() == pytest.approx(weighted.item(), rel=1e-6)


class _WithLosses(NamedTuple):
    x_hat: torch.Tensor
    likelihoods: tuple[torch.Tensor, ...]
    losses: tuple[tuple[str, torch.Tensor], ...]


def test_a_codecs_auxiliary_losses_are_added_and_named():
    """A toy vector quantiser: its commitment loss trains the latent towards its codebook."""
    x = torch.full((1, 3, 4, 4), 0.5)
    latent = torch.tensor([0.2, 0.9], requires_grad=True)
    codebook = torch.tensor([0.0, 1.0])
    commitment = 0.25 * (latent - codebook).square().mean()
    output = _WithLosses(x, (torch.ones(1, 1, 1, 1),), (("commitment", commitment),))
    loss = mse().loss(output, x, lmbda=1.0)
    assert loss.loss.item() == pytest.approx(0.25 * (0.04 + 0.01) / 2)
    assert loss.parts[-1] == ("commitment", commitment)
    loss.loss.backward()
    assert latent.grad.tolist() == pytest.approx([0.05, -0.025])


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan, math.inf])
def test_weights_are_numbers_above_0(weight):
    with pytest.raises(ObjectiveError, match=f"weight of MSE is a number above 0; got {weight}"):
        Objective([Term(MSE(), weight)])


@pytest.mark.parametrize(
    "objective", [mse(), mixed(), Objective([Term(Charbonnier(epsilon=0.5), 2.0), Term(L1())])]
)
def test_an_objective_is_rebuilt_from_plain_data(objective):
    described = json.loads(json.dumps(describe(objective)))
    assert describe(build(described)) == described
    assert build(described).label == objective.label


def test_older_files_say_it_in_a_word():
    assert [build(word).label for word in ("mse", "ms-ssim", "mixed")] == ["MSE", "MS-SSIM", "MSE + MS-SSIM"]


@pytest.mark.parametrize(
    "description",
    [
        None,
        3,
        "lpips",
        [],
        {},
        {"class_path": "os.system", "init_args": {"command": "true"}},
        {"class_path": "mylab.Huber"},
        {"class_path": "litcodec.objectives.mse"},
        {"class_path": "litcodec.nowhere.X"},
        {"class_path": ["x"]},
        {"class_path": "litcodec.objectives.Objective"},
        {"class_path": "litcodec.objectives.Objective", "init_args": {"terms": 3}},
        {"class_path": "litcodec.objectives.Objective", "init_args": {"terms": [1]}},
        {"class_path": "litcodec.objectives.Objective", "init_args": 3},
        {"class_path": "litcodec.objectives.Term", "init_args": {"distortion": 1}},
    ],
)
def test_a_hostile_description_is_one_error(description):
    with pytest.raises(ObjectiveError) as raised:
        build(description)
    assert len(str(raised.value).splitlines()) == 1


def test_a_plugin_that_is_not_chosen_is_named():
    with pytest.raises(ObjectiveError, match="give --plugin mylab"):
        build({"class_path": "mylab.losses.Huber", "init_args": {}})
