"""Curves are means of the images' values, and join only what belongs together."""

import math
from statistics import mean

import pytest

from litcodec.baselines import published_curves
from litcodec.errors import ResultsError
from litcodec.evaluation.curves import better_of, curves_of, published
from litcodec.evaluation.merging import merge_points

SMALL = [("a.png", 1000, 30.0), ("b.png", 400, 36.0), ("c.png", 700, 24.0)]
LARGE = [("a.png", 2000, 33.0), ("b.png", 800, 39.0), ("c.png", 1400, 27.0)]


def test_a_point_is_the_mean_of_its_images_values(make_results):
    results = make_results({"Codec": {"lmbda 0.013": SMALL}})
    (curve,) = curves_of([results])
    (point,) = curve.points
    assert (curve.name, curve.kind, curve.source) == ("Codec", "codec", "source of Codec")
    assert (point.setting, point.lmbda, point.images) == ("lmbda 0.013", 0.013, 3)
    assert point.bpp == pytest.approx(8 * (1000 + 400 + 700) / 3 / 8000, rel=1e-12)
    assert point.scores["psnr"] == pytest.approx(30.0, rel=1e-12)
    assert point.scores["psnr_luma"] == pytest.approx(31.0, rel=1e-12)
    # The mean of the images' dB, which is not the dB of the mean.
    assert point.scores["ms_ssim_db"] == pytest.approx(mean([15, 18, 12]), rel=1e-12)
    of_the_mean = -10 * math.log10(mean(10 ** (-psnr / 20) for _, _, psnr in SMALL))
    assert point.scores["ms_ssim"] == pytest.approx(1 - 10 ** (-of_the_mean / 10), rel=1e-12)
    assert abs(point.scores["ms_ssim_db"] - of_the_mean) > 0.5
    assert (point.encode_s, point.decode_s) == (0.25, 0.5)


def test_what_is_infinite_or_undefined_stays_out_of_the_mean(make_results):
    results = make_results({"Codec": {"lmbda 0.1": [*SMALL, ("same.png", 3000, math.inf)]}})
    (curve,) = curves_of([results])
    assert curve.points[0].images == 4
    assert curve.points[0].scores["psnr"] == pytest.approx(30.0)
    assert curve.points[0].counts == {"psnr": 3, "psnr_luma": 3, "ms_ssim": 4, "ms_ssim_db": 3}
    assert curve.points[0].bpp == pytest.approx(8 * 5100 / 4 / 8000)

    (only,) = curves_of([make_results({"Codec": {"lmbda 0.1": [("same.png", 3000, math.inf)]}})])
    assert not {"psnr", "ms_ssim_db"} & only.points[0].scores.keys()
    assert only.points[0].scores["ms_ssim"] == 1.0


def test_points_come_by_rate_and_codecs_before_baselines(make_results):
    results = make_results(
        {
            "JPEG": {"quality 80": LARGE, "quality 10": SMALL},
            "Codec": {"lmbda 0.2": LARGE, "lmbda 0.1": SMALL},
        }
    )
    curves = curves_of([results])
    assert [curve.name for curve in curves] == ["Codec", "JPEG"]
    assert [[point.setting for point in curve.points] for curve in curves] == [
        ["lmbda 0.1", "lmbda 0.2"],
        ["quality 10", "quality 80"],
    ]


def test_a_curve_without_a_score_is_left_out(make_results):
    assert curves_of([make_results({"JPEG": {"quality 10": []}})]) == ()


def test_settings_of_several_files_join_and_a_repeated_measurement_counts_once(make_results):
    first = make_results({"Codec": {"lmbda 0.1": SMALL}, "JPEG": {"quality 10": SMALL[:2]}})
    second = make_results({"Codec": {"lmbda 0.2": LARGE}, "JPEG": {"quality 10": SMALL}})
    codec, jpeg = curves_of([first, second])
    assert [point.setting for point in codec.points] == ["lmbda 0.1", "lmbda 0.2"]
    assert [(point.setting, point.images) for point in jpeg.points] == [("quality 10", 3)]  # the fuller one
    assert curves_of([second, first]) == (codec, jpeg)


OTHER_BYTES = [("a.png", 1001, 30.0), *SMALL[1:]]
OTHER_IMAGES = [(f"other {name}", count, psnr) for name, count, psnr in SMALL]


@pytest.mark.parametrize("measured", [OTHER_BYTES, OTHER_IMAGES], ids=["bytes", "images"])
def test_another_measurement_of_a_setting_takes_its_whole_curve_apart(make_results, measured):
    first = make_results({"Codec": {"lmbda 0.1": SMALL}})
    second = make_results({"Codec": {"lmbda 0.1": measured, "lmbda 0.2": LARGE}})
    found = merge_points([first, second], ["first", "second"])
    assert [(entry.curve, entry.point.setting, entry.origin) for entry in found] == [
        ("Codec", "lmbda 0.1", 0),
        ("Codec (second)", "lmbda 0.1", 1),
        ("Codec (second)", "lmbda 0.2", 1),
    ]
    assert [curve.name for curve in curves_of([first, second])] == ["Codec", "Codec (2)"]


def test_a_retrained_codec_is_another_curve_even_if_it_gives_as_many_bytes(make_results):
    first = make_results({"Codec": {"lmbda 0.1": SMALL}})
    points = tuple(point._replace(fingerprint="ff00") for point in first.points)
    assert len(curves_of([first, first._replace(points=points)])) == 2


def test_one_curve_does_not_mix_other_images_in(make_results):
    first = make_results({"Codec": {"lmbda 0.1": SMALL}})
    second = make_results({"Codec": {"lmbda 0.2": OTHER_IMAGES}})
    assert [len(curve.points) for curve in curves_of([first, second])] == [1, 1]


def test_a_setting_that_one_file_has_twice_makes_two_curves(make_results):
    twice = (
        make_results({"Codec": {"lmbda 0.1": SMALL}}).points
        + make_results({"Codec": {"lmbda 0.1": OTHER_BYTES}}).points
    )
    results = make_results({})._replace(points=twice)
    assert [entry.curve for entry in merge_points([results], ["run"])] == ["Codec", "Codec (run)"]


def test_published_curves_are_drawn_as_published():
    (vtm,) = published(["vtm"])
    (source,) = (curve for curve in published_curves() if curve.name == "vtm")
    assert (vtm.kind, vtm.source) == ("published", source.source)
    assert [(p.bpp, p.scores["psnr"], p.scores["ms_ssim_db"]) for p in vtm.points] == sorted(
        (p.bpp, p.psnr_rgb, p.ms_ssim_db) for p in source.points
    )
    assert {(p.images, p.scores.get("psnr_luma"), p.encode_s, p.lmbda) for p in vtm.points} == {
        (24, None, None, None)
    }


def test_an_unknown_published_curve_is_named_with_those_that_are_near():
    with pytest.raises(ResultsError, match=r"'vtn'.*\bvtm\b"):
        published(["hm", "vtn"])
    with pytest.raises(ResultsError, match=r"'paper'.*\bpaper-mbt2018\b"):
        published(["paper"])


def test_curves_of_one_published_codec_keep_apart():
    found = published(["hpcm-base", "vtm", "hpcm-base"])
    assert [curve.name for curve in found] == [
        "HPCM base, MSE, published",
        "HPCM base, MS-SSIM, published",
        "VTM, published",
    ]
    assert found[0].points != found[1].points


def test_the_better_of_two_curves_keeps_the_points_that_none_beats():
    one = [(0.2, 25.0), (0.5, 29.0), (0.9, 31.0)]
    other = [(0.3, 24.0), (0.5, 29.5), (0.8, 31.5)]
    assert better_of([one, other]) == [(0.2, 25.0), (0.5, 29.5), (0.8, 31.5)]
    assert better_of([one]) == one
