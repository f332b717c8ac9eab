"""A metric is a name, a unit and a function; means leave out what is not finite."""

import math
import random

import bjontegaard
import pytest
import torch

from litcodec.errors import CurveError, ShapeError
from litcodec.metrics import (
    PSNR,
    SHIPPED,
    Metric,
    RDCurve,
    bd_rate,
    bd_rate_of_images,
    mean_of_finite,
    open_metrics,
    scores_of,
)
from litcodec.metrics.akima import Akima

MINE = Metric("mine", "Mine", "", False, 3, lambda x, x_hat: 0.0)


def test_metrics_are_named_by_a_word_or_an_import_path():
    assert [metric.name for metric in open_metrics(("ms_ssim", "psnr", "psnr"))] == ["ms_ssim", "psnr"]
    assert open_metrics((f"{__name__}.MINE",)) == open_metrics((MINE,)) == (MINE,)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("cvvdp",), "there is no metric 'cvvdp'; there are psnr, psnr_luma, ms_ssim, ms_ssim_db"),
        (("nowhere.CVVDP",), "nowhere cannot be imported"),
        (("litcodec.metrics.bd_rate",), "it is a function, not a litcodec.metrics.Metric"),
        (("litcodec.metrics.CVVDP",), "litcodec.metrics has no CVVDP"),
        ((PSNR, MINE._replace(name="psnr")), "two metrics are called 'psnr'"),
    ],
)
def test_what_is_no_metric_is_named(names, told):
    with pytest.raises(ShapeError, match=told.replace(".", r"\.")):
        open_metrics(names)


def test_functions_see_the_image_as_it_is_and_its_reconstruction_in_8_bits_and_run_once():
    seen = []

    def fn(x, x_hat):
        seen.append((x, x_hat))
        return 4.0

    metric = Metric("four", "Four", "", True, 1, fn)
    x = torch.full((3, 2, 2), 0.3)
    found = scores_of(x, x + 0.701, [metric, metric._replace(name="two", scale=math.sqrt)])
    assert found == {"four": 4.0, "two": 2.0}
    ((x_seen, x_hat_seen),) = seen
    assert x_seen.shape == x_hat_seen.shape == (1, 3, 2, 2)
    assert x_seen.unique().tolist() == pytest.approx([0.3])
    assert x_hat_seen.unique().tolist() == [1.0]


def test_a_lossless_image_has_an_infinite_psnr_and_spoils_no_mean():
    x = torch.rand(1, 3, 170, 170)
    found = scores_of(x, (x * 255).round() / 255, SHIPPED)
    assert (found["psnr"], found["ms_ssim"], found["ms_ssim_db"]) == (math.inf, 1.0, math.inf)
    assert mean_of_finite([30.0, math.inf, math.nan, 32.0]) == (31.0, 2)
    value, number = mean_of_finite([math.inf])
    assert (math.isnan(value), number) == (True, 0)


def _random_curve(seed: int) -> list[tuple[float, float]]:
    numbers = random.Random(seed)
    bpp, quality = numbers.uniform(0.05, 0.2), numbers.uniform(24, 24.2)
    found = []
    for _ in range(numbers.randint(4, 12)):
        found.append((bpp, quality))
        bpp, quality = bpp * numbers.uniform(1.05, 2), quality + numbers.uniform(0.1, 3)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_the_spline_and_the_deltas_are_those_of_the_published_library(seed: int):
    anchor, test = _random_curve(seed), _random_curve(seed + 1000)
    expected = bjontegaard.bd_rate(
        *zip(*anchor, strict=True),
        *zip(*test, strict=True),
        method="akima",
        require_matching_points=False,
        min_overlap=0,
    )
    assert bd_rate(anchor, test).value == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_integral_of_a_straight_line_is_exact():
    line = Akima([0.0, 1.0, 3.0, 4.0], [1.0, 3.0, 7.0, 9.0])
    assert line.integral(0.5, 3.5) == pytest.approx(3 * 5.0, rel=1e-14)


def test_a_metric_whose_lower_values_are_better_gives_the_same_rates():
    curve = _random_curve(1)
    half = [(bpp / 2, quality) for bpp, quality in curve]
    turned = [[(bpp, -quality) for bpp, quality in points] for points in (curve, half)]
    curves = [RDCurve(points, higher_is_better=False) for points in turned]
    delta = bd_rate(*curves)
    assert delta.value == pytest.approx(-50, rel=1e-12)
    assert (delta.low, delta.high) == (-curve[-1][1], -curve[0][1])


def test_the_mean_of_images_counts_each_image_once_and_says_how_many_and_how_far_apart():
    anchor = _random_curve(2)
    pairs = [
        (RDCurve(anchor), RDCurve([(bpp * factor, quality) for bpp, quality in anchor]))
        for factor in (0.5, 1.5)
    ]
    apart = RDCurve(anchor), RDCurve([(bpp, quality + 1000) for bpp, quality in anchor])
    found = bd_rate_of_images([*pairs, apart])
    assert found.value == pytest.approx(0, abs=1e-9)  # of -50 and +50 %
    assert found.std == pytest.approx(math.sqrt(2) * 50)
    assert found.images == 2
    with pytest.raises(CurveError, match="no single image"):
        bd_rate_of_images([apart])
