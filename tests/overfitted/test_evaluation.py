"""Overfitted codecs in ``litcodec evaluate`` and ``litcodec report``, beside baselines."""

from pathlib import Path

import pytest
import torch

from litcodec.data import write_png
from litcodec.errors import OptionError, RateError
from litcodec.evaluation import read_results
from litcodec.frozen import from_stream
from litcodec.overfitted import FrozenOverfitted, Settings, codec, lmbda_of
from litcodec.overfitted.named import curve_of, settings_named
from tests import in_process

CURVE = "overfitted lop, 12 iterations"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With an image, and results of two overfitted codecs and JPEG."""
    folder = tmp_path_factory.mktemp("evaluated")
    (folder / "images").mkdir()
    torch.manual_seed(0)
    small = torch.rand(1, 3, 5, 4)
    x = torch.nn.functional.interpolate(small, size=(48, 32), mode="bilinear")[0]
    write_png(folder / "images" / "a.png", (x * 255).byte())
    words = ("overfit:lop:12it", "overfit:mop:4it", "--qualities", "20,90", "--baselines", "jpeg,jpeg2000")
    done = in_process.litcodec(folder, "evaluate", *words, "--images", "images")
    assert done.returncode == 0, done.stderr
    return folder


def test_results_hold_real_bytes_of_overfitted_codecs_and_baselines(folder: Path) -> None:
    points = read_results(folder / "results.json").points
    ours = [point for point in points if point.curve == CURVE]
    assert [(p.kind, p.setting, p.source) for p in ours] == [
        ("codec", "q 20", "overfit:lop:12it"),
        ("codec", "q 90", "overfit:lop:12it"),
    ]
    assert [p.lmbda for p in ours] == [lmbda_of(20), lmbda_of(90)]
    assert {"JPEG", "JPEG 2000", CURVE, "overfitted mop, 4 iterations"} == {p.curve for p in points}
    sizes = []
    for point in ours:
        (score,) = point.scores
        data = (folder / score.file).read_bytes()
        assert (score.bytes, score.bpp) == (len(data), 8 * len(data) / (48 * 32))
        assert from_stream(FrozenOverfitted(), data).shape == (1, 3, 48, 32)
        assert 10 < score.values["psnr"] < 50
        sizes.append(len(data))
    assert sizes[0] < sizes[1]


def test_neither_a_second_evaluation_nor_the_report_fits_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr(codec, "run", fail)
    words = ("overfit:lop:12it", "--qualities", "20,90", "--images", "images")
    assert in_process.litcodec(folder, "evaluate", *words).returncode == 0
    done = in_process.litcodec(folder, "report", "results.json", "-o", "report.html", "--images", "1")
    assert done.returncode == 0, done.stderr
    assert "viewer is without" not in done.stderr
    assert CURVE in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("name", "settings", "curve"),
    [
        ("overfit", Settings("lop", minutes=5), "overfitted lop, 5 min"),
        ("overfit:mop", Settings("mop", minutes=5), "overfitted mop, 5 min"),
        ("overfit:hop:0.5min", Settings("hop", minutes=0.5), "overfitted hop, 0.5 min"),
        ("overfit:lop:2000it", Settings("lop", iterations=2000), "overfitted lop, 2,000 iterations"),
        ("cosine-3", None, None),
        ("codec.safetensors", None, None),
    ],
)
def test_names_say_how_to_fit(name: str, settings: Settings | None, curve: str | None) -> None:
    assert settings_named(Path(name)) == settings
    assert curve_of(Path(name)) == curve


@pytest.mark.parametrize("name", ["overfit:lop:5", "overfit:lop:fast", "overfit:lop:5min:x", "overfit:lip"])
def test_names_that_say_it_wrongly_are_refused(name: str) -> None:
    with pytest.raises(OptionError):
        settings_named(Path(name))


def test_a_rate_is_aimed_at_in_one_fit_and_not_searched_for() -> None:
    frozen = FrozenOverfitted(Settings(iterations=3))
    assert frozen.aimed_at(0.3).settings == Settings(iterations=3, bpp=0.3)
    with pytest.raises(RateError, match="approximately"):
        frozen.largest_within(torch.rand(1, 3, 8, 8), 100)
