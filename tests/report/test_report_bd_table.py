"""BD-rates say what synthetic curves were made to have, or why they say nothing."""

import pytest

from litcodec.evaluation.curves import Curve, CurvePoint
from litcodec.evaluation.image_sets import ImageCurve, ImagePoint
from litcodec.metrics import MS_SSIM_DB, PSNR, PSNR_LUMA, infos
from litcodec.report.bd_table import bd_table as table_of

IMAGES = frozenset({"a", "b"})


def _curve(name: str, *, rate: float = 1.0, points: int = 5, gain: float = 0.0, luma: bool = True) -> Curve:
    """Quality that rises by 5 dB at each doubling of the rate."""
    return Curve(
        name,
        "baseline",
        "",
        tuple(
            CurvePoint(
                setting=str(k),
                lmbda=None,
                images=2,
                bpp=rate * 0.1 * 2**k,
                scores={
                    "psnr": 25.0 + 5 * k + gain,
                    **({"psnr_luma": 26.0 + 5 * k} if luma else {}),
                    "ms_ssim_db": 10.0 + 3 * k,
                },
                counts={},
                encode_s=None,
                decode_s=None,
            )
            for k in range(points)
        ),
    )


def bd_table(curves, images):
    """Of curves whose images all have the curve's own values."""
    images = {
        curve.name: ImageCurve(
            curve.name,
            images[curve.name],
            tuple({image: ImagePoint(p.bpp, p.scores) for image in images[curve.name]} for p in curve.points),
        )
        for curve in curves
    }
    return table_of(curves, images, infos([PSNR, PSNR_LUMA, MS_SSIM_DB]))


def _entry(entries, test: str, anchor: str, metric: str = "psnr"):
    (found,) = (e for e in entries if (e.test, e.anchor, e.metric) == (test, anchor, metric))
    return found


@pytest.mark.parametrize("metric", ["psnr", "psnr_luma", "ms_ssim_db"])
def test_half_the_rate_is_minus_50_percent_and_twice_the_rate_plus_100(metric: str):
    curves = [_curve("whole"), _curve("half", rate=0.5)]
    entries = bd_table(curves, dict.fromkeys(["whole", "half"], IMAGES))
    assert len(entries) == 2 * 3
    assert _entry(entries, "half", "whole", metric).bd_rate == pytest.approx(-50, abs=1e-6)
    assert _entry(entries, "whole", "half", metric).bd_rate == pytest.approx(100, abs=1e-6)


def test_quality_and_the_interval_of_quality_are_told():
    entries = bd_table(
        [_curve("plain"), _curve("better", gain=2.0)], dict.fromkeys(["plain", "better"], IMAGES)
    )
    entry = _entry(entries, "better", "plain")
    assert entry.bd_quality == pytest.approx(2.0, abs=1e-6)
    assert (entry.low, entry.high) == (27.0, 45.0)
    assert entry.reason is None


def test_curves_that_share_qualities_but_no_rate_have_a_bd_rate_alone():
    entries = bd_table([_curve("dear"), _curve("cheap", rate=0.01)], dict.fromkeys(["dear", "cheap"], IMAGES))
    entry = _entry(entries, "cheap", "dear")
    assert entry.bd_rate == pytest.approx(-99, abs=1e-6)
    assert entry.bd_quality is entry.reason is None


def test_curves_of_different_images_are_not_compared():
    curves = [_curve("one"), _curve("other")]
    entries = bd_table(curves, {"one": IMAGES, "other": frozenset("bcd")})
    assert {entry.bd_rate for entry in entries} == {None}
    assert {entry.reason for entry in entries} == {"measured on different images: 2 and 3, 1 in common."}


def test_too_few_points_are_refused_in_the_metrics_own_words():
    entries = bd_table([_curve("long"), _curve("short", points=3)], dict.fromkeys(["long", "short"], IMAGES))
    for entry in entries:
        assert (entry.bd_rate, entry.bd_quality, entry.low, entry.high) == (None, None, None, None)
        assert "4" in (entry.reason or "")


def test_a_missing_metric_is_refused_and_the_others_are_compared():
    entries = bd_table(
        [_curve("measured"), _curve("published", luma=False)],
        dict.fromkeys(["measured", "published"], IMAGES),
    )
    assert _entry(entries, "measured", "published", "psnr_luma").reason
    assert _entry(entries, "measured", "published").bd_rate == pytest.approx(0, abs=1e-6)
