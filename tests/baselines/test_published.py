import math
from itertools import pairwise

import pytest

from litcodec.baselines import PublishedPoint, published_curves, published_named


def test_all_points_are_there_in_order():
    curves = published_curves()
    assert len(curves) == 104
    assert sum(len(curve.points) for curve in curves) == 934
    for curve in curves:
        assert curve.source
        assert all(a.bpp < b.bpp for a, b in pairwise(curve.points)), curve.name


def test_vtm_is_as_compressai_measured_it():
    (vtm,) = published_named("vtm")
    assert vtm.optimised == "codec-default"
    assert vtm.source == "InterDigitalInc/CompressAI@869a9f5d:results/image/kodak/vtm.json"
    assert vtm.points[0] == PublishedPoint(0.048245, 26.1448, 0.860608, 8.5576)
    assert vtm.points[-1].psnr_rgb == 46.5918


def test_a_codec_optimised_for_two_metrics_has_two_curves():
    assert {curve.optimised for curve in published_named("compressai-mbt2018-mean")} == {"mse", "ms-ssim"}


@pytest.mark.parametrize(
    ("short", "name"),
    [
        ("bpg444", "bpg_444_x265_ycbcr"),
        ("BPG", "bpg_444_x265_ycbcr"),
        ("jpeg2000", "jpeg2000"),
        ("jpeg", "jpeg"),
        ("mlic", "mlic"),
        ("tfc:bpg444", "tfc:bpg444"),
        ("hpcm_large", "hpcm-large"),
    ],
)
def test_short_names_find_the_one_codec_they_begin(short: str, name: str):
    assert {curve.name for curve in published_named(short)} == {name}


@pytest.mark.parametrize("name", ["", "jpe", "hpcm", "mlic++", "nobody2099"])
def test_a_name_of_none_or_of_several_finds_nothing(name: str):
    assert published_named(name) == ()


def test_what_was_not_published_is_none_and_not_guessed():
    (elic,) = [curve for curve in published_named("paper-elic2022") if curve.optimised == "mse"]
    assert all(point.ms_ssim is None and point.ms_ssim_db is None for point in elic.points)
    (klopp,) = published_named("tfc:klopp2018-bmvc")
    assert all(point.psnr_rgb is None and point.ms_ssim_db is not None for point in klopp.points)


def test_decibels_are_those_of_the_mean_similarity_but_for_two_curves():
    gaps = {"vtm-9.1(lalic bench)": (0.1, 0.3), "lalic": (-0.9, -0.3)}
    for curve in published_curves():
        low, high = gaps.get(curve.name, (-0.01, 0.01))
        for point in curve.points:
            if point.ms_ssim is not None:
                assert point.ms_ssim_db is not None
                assert low < point.ms_ssim_db + 10 * math.log10(1 - point.ms_ssim) < high, curve.name
