"""How curves and settings are called, and that no two codecs share both."""

from pathlib import Path

import pytest

from litcodec.baselines import published_curves, published_named
from litcodec.codecs import FactorizedPrior, HybridCodec, MeanScaleHyperprior
from litcodec.evaluation import Point
from litcodec.evaluation.curve_names import Named, curve_names
from litcodec.evaluation.under_test import codecs_under_test
from litcodec.frozen import TrainingInfo
from litcodec.transforms import GRDN


def names(paths: list[Path], *, label: str | None = None, before: list[Point] | None = None) -> list[Point]:
    found = codecs_under_test(paths, label=label, max_pixels=2**20, before=before or [])
    return [candidate.point for candidate in found]


@pytest.mark.parametrize(
    ("codec", "notes", "curve", "setting"),
    [
        (
            MeanScaleHyperprior(N=8, M=12),
            TrainingInfo(0.013, "mse"),
            "MeanScaleHyperprior (29k), MSE",
            "lmbda 0.0130",
        ),
        (
            MeanScaleHyperprior(N=8, M=12, gdn="simplified"),
            TrainingInfo(8.73, "ms-ssim"),
            "MeanScaleHyperprior, simplified gdn (29k), MS-SSIM",
            "lmbda 8.73",
        ),
        (
            FactorizedPrior(N=8, M=12),
            TrainingInfo(0.00018, "mse"),
            "FactorizedPrior (14k), MSE",
            "lmbda 0.00018",
        ),
        (FactorizedPrior(N=8, M=12), TrainingInfo(), "FactorizedPrior (14k)", "one"),
        (
            HybridCodec(FactorizedPrior(N=8, M=12, transform="9x9"), GRDN(C=16, layers=2, groups=1)),
            TrainingInfo(0.013, "mse"),
            "FactorizedPrior, 9x9 transform + GRDN (46k), MSE",
            "lmbda 0.0130",
        ),
        (
            HybridCodec(MeanScaleHyperprior(N=8, M=12), GRDN(C=16, scale=2), scale=2),
            TrainingInfo(),
            "MeanScaleHyperprior + GRDN at half size (122k)",
            "one",
        ),
        (
            HybridCodec(FactorizedPrior(N=8, M=12), GRDN(C=16, scale=2), scale=2, native=True),
            TrainingInfo(),
            "FactorizedPrior + GRDN at half or native size (107k)",
            "one",
        ),
    ],
)
def test_a_curve_is_called_for_what_its_codecs_share(
    codec, notes, curve, setting, make_codec, tmp_path: Path
):
    path = make_codec(tmp_path / "one.safetensors", codec=codec, notes=notes)
    (point,) = names([path])
    assert (point.curve, point.setting) == (curve, setting)
    (labelled,) = names([path], label="mine")
    assert (labelled.curve, labelled.setting) == ("mine", setting)


@pytest.fixture
def three(make_codec, tmp_path: Path) -> list[Path]:
    """Codecs of one lambda: x/codec, y/codec, other."""
    files = ["x/codec.safetensors", "y/codec.safetensors", "other.safetensors"]
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
    notes = TrainingInfo(0.013, "mse")
    return [make_codec(tmp_path / file, seed=seed, notes=notes) for seed, file in enumerate(files)]


def settings(points: list[Point]) -> list[str]:
    return [point.setting for point in points]


def test_files_of_one_lambda_are_told_apart_by_the_shortest_name_that_does(three: list[Path]):
    x, y, other = three
    assert settings(names([x])) == ["lmbda 0.0130"]
    assert settings(names([x, other])) == ["lmbda 0.0130 (codec)", "lmbda 0.0130 (other)"]
    assert settings(names(three)) == [
        f"lmbda 0.0130 ({x.as_posix()})",
        f"lmbda 0.0130 ({y.as_posix()})",
        "lmbda 0.0130 (other)",
    ]
    assert len(names([x, x])) == 1


def test_a_codec_keeps_the_setting_it_had_and_takes_none_that_another_has(three: list[Path], make_codec):
    x, y, other = three
    before = names([x])
    assert settings(names([y], before=before)) == ["lmbda 0.0130 (codec)"]
    assert settings(names([other, x], before=before)) == ["lmbda 0.0130 (other)", "lmbda 0.0130"]
    # Trained again, it takes its own place; moved, it is still itself.
    make_codec(x, seed=9, notes=TrainingInfo(0.013, "mse"))
    assert settings(names([x], before=before)) == ["lmbda 0.0130"]
    before = names([x, other])
    moved = other.rename(other.with_name("elsewhere.safetensors"))
    assert settings(names([moved], before=before)) == ["lmbda 0.0130 (other)"]


def test_two_sizes_that_would_share_a_name_have_all_arguments_in_it():
    first, second = (Named(FactorizedPrior(N=128, M=M).architecture, "mse", f"{M:016x}") for M in (192, 193))
    assert curve_names([first]) == curve_names([second]) == ["FactorizedPrior (3.0M), MSE"]
    both = ["FactorizedPrior N=128 M=192, MSE", "FactorizedPrior N=128 M=193, MSE"]
    assert curve_names([first, second]) == both
    # A codec that an earlier litcodec has measured goes on under the name that it has in the results file.
    earlier = Point(both[0], "codec", "lmbda 0.0130", "a.safetensors", 0.013, first.fingerprint, (), ())
    assert curve_names([first], [earlier]) == both[:1]
    assert curve_names([second], [earlier]) == ["FactorizedPrior (3.0M), MSE"]


def test_every_published_curve_has_a_title_of_its_own():
    titles = {curve.name: curve.title for curve in published_curves()}
    assert len(set(titles.values())) == len(titles)
    assert titles["bpg_444_x265_ycbcr"] == "BPG 4:4:4"
    assert not [title for name, title in titles.items() if title == name and name != title.upper()]
    for name, title in titles.items():
        assert {curve.name for curve in published_named(title)} == {name}
