"""BD against numbers worked out by hand, a cubic fit in numpy, and what was published."""

import math

import numpy as np
import pytest

from litcodec.baselines import published_named
from litcodec.errors import CurveError
from litcodec.metrics import bd_quality, bd_rate

Points = list[tuple[float, float]]


def _smooth(start: float, *, scale: float = 1.0, count: int = 8, tilt: float = 0.0) -> Points:
    """Quality over log rate, bent as real curves are."""
    rates = scale * start * np.geomspace(1, 24, count)
    decades = np.log10(rates / scale)
    return [(float(r), float(34 + (11 + tilt) * d + 1.5 * d**2)) for r, d in zip(rates, decades, strict=True)]


def _classical_rate(anchor: Points, test: Points) -> float:
    """VCEG-M33: cubic polynomials of log rate over quality, fitted and integrated."""
    low = max(min(q for _, q in points) for points in (anchor, test))
    high = min(max(q for _, q in points) for points in (anchor, test))
    integrals = []
    for points in (anchor, test):
        rates, qualities = np.array(points).T
        whole = np.polyint(np.polyfit(qualities, np.log10(rates), 3))
        integrals.append(np.polyval(whole, high) - np.polyval(whole, low))
    return float(100 * (10 ** ((integrals[1] - integrals[0]) / (high - low)) - 1))


def test_a_curve_against_itself_is_nothing():
    curve = _smooth(0.1)
    rate, quality = bd_rate(curve, curve), bd_quality(curve, curve)
    assert rate.value == pytest.approx(0, abs=1e-9)
    assert quality.value == pytest.approx(0, abs=1e-9)
    assert (rate.low, rate.high) == (curve[0][1], curve[-1][1])
    assert (quality.low, quality.high) == (curve[0][0], curve[-1][0])


def test_half_the_rate_is_minus_50_percent_and_twice_is_plus_100():
    curve = _smooth(0.1)
    half = [(bpp / 2, db) for bpp, db in curve]
    assert bd_rate(curve, half).value == pytest.approx(-50)
    assert bd_rate(half, curve).value == pytest.approx(100)
    assert bd_quality(curve, half).value > 3 > 0 > -3 > bd_quality(half, curve).value


def test_one_decibel_more_is_one_decibel():
    curve = _smooth(0.1)
    better = [(bpp, db + 1) for bpp, db in curve]
    assert bd_quality(curve, better).value == pytest.approx(1)
    assert bd_rate(curve, better).value < 0


def test_the_overlap_is_what_both_curves_cover():
    low, high = _smooth(0.05), _smooth(0.4, scale=0.8)
    rate, quality = bd_rate(low, high), bd_quality(low, high)
    assert (rate.low, rate.high) == (high[0][1], low[-1][1])
    assert (quality.low, quality.high) == (high[0][0], low[-1][0])
    assert rate.value == pytest.approx(-20, abs=0.2)


def test_the_order_and_the_number_of_points_do_not_matter():
    curve, other = _smooth(0.1), _smooth(0.12, scale=0.9, count=11)
    assert bd_rate(curve[::-1], [*other[5:], *other[:5]]) == bd_rate(curve, other)


@pytest.mark.parametrize("count", [4, 6, 8])
@pytest.mark.parametrize(("scale", "tilt"), [(0.8, 0.0), (1.3, 0.4), (1.0, -0.7)])
def test_it_agrees_with_the_classical_cubic_fit(count: int, scale: float, tilt: float):
    anchor, test = _smooth(0.1, count=count), _smooth(0.11, scale=scale, tilt=tilt, count=count)
    assert bd_rate(anchor, test).value == pytest.approx(_classical_rate(anchor, test), abs=0.5)


@pytest.mark.parametrize(
    ("name", "percent"),
    [
        ("jpeg", 208),
        ("jpeg2000", 98),
        ("webp", 79),
        ("compressai-bmshj2018-factorized", 68),
        ("compressai-bmshj2018-hyperprior", 30),
        ("hm", 23),
        ("bpg444", 22),
        ("compressai-mbt2018-mean", 21),
        ("av1", 16),
        ("compressai-mbt2018", 11),
        ("paper-elic2022", -7),
        ("mlicplusplus", -15),
        ("hpcm-large", -20),
    ],
)
def test_published_curves_give_the_published_figures_against_vtm(name: str, percent: float):
    # The figures are whole percents, and of another interpolation (PCHIP), which moves them by up to 0.1.
    value = bd_rate(_published("vtm"), _published(name)).value
    assert value == pytest.approx(percent, abs=0.6)


def _published(name: str) -> Points:
    curve = next(curve for curve in published_named(name) if curve.optimised in ("mse", "codec-default"))
    return [(point.bpp, point.psnr_rgb) for point in curve.points if point.psnr_rgb is not None]


GOOD = [(0.1, 28.0), (0.2, 30.0), (0.4, 32.0), (0.8, 34.0)]


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (GOOD[:3], "test curve has 3 points; a BD-rate needs at least 4"),
        ([], "test curve has 0 points; a BD-rate needs at least 4"),
        ([*GOOD, (1.6, math.inf)], "a point of 1.6 bpp and inf dB"),
        ([*GOOD, (1.6, math.nan)], "a point of 1.6 bpp and nan dB"),
        ([*GOOD, (0.0, 26.0)], "a point of 0 bpp and 26 dB"),
        ([*GOOD, (1.6, 33.0)], "does not rise from 0.8000 bpp, 34.000 dB to 1.6000 bpp, 33.000 dB"),
        ([*GOOD, (0.8, 35.0)], "does not rise from 0.8000 bpp"),
    ],
)
def test_curves_that_cannot_be_compared_are_refused_in_words(test: Points, words: str):
    for compare in (bd_rate, bd_quality):
        with pytest.raises(CurveError, match=words):
            compare(GOOD, test)
        with pytest.raises(CurveError, match=words.replace("test", "anchor")):
            compare(test, GOOD)


def test_curves_apart_are_refused_with_what_they_cover():
    higher = [(bpp, db + 6) for bpp, db in GOOD]  # the one ends where the other begins
    with pytest.raises(CurveError, match=r"anchor covers 28.000 to 34.000 dB, the test 34.000 to 40.000 dB"):
        bd_rate(GOOD, higher)
    assert bd_quality(GOOD, higher).value == pytest.approx(6)
    dearer = [(bpp * 10, db) for bpp, db in GOOD]
    with pytest.raises(CurveError, match=r"anchor covers 0.100 to 0.800 bpp, the test 1.000 to 8.000 bpp"):
        bd_quality(GOOD, dearer)
    assert bd_rate(GOOD, dearer).value == pytest.approx(900)
