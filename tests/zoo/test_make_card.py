"""The figures of a card are those of the results it is made from."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from litcodec.baselines import KODAK
from litcodec.codec_files import save_codec
from litcodec.codecs import MeanScaleHyperprior, PixelAutoregressive, VariableRate
from litcodec.commands.card import main
from litcodec.errors import CodecFileError, OutputExists, ResultsError
from litcodec.evaluation import Results, write_results
from litcodec.metrics import bd_rate
from litcodec.zoo import packaged_cards

TRAINING = {
    "config": "configs/zoo/small.yaml",
    "steps": 5,
    "core_hours": 0.5,
    "device": "a processor",
    "photographs": 7,
    "licences": ["CC0"],
}
IMAGES = [f"kodim{k + 1:02}.png" for k in range(len(KODAK))]
# bytes of a 100 x 80 image, dB
OURS = {
    "q 1": (150, 25.0),
    "q 25": (250, 27.0),
    "q 50": (500, 30.0),
    "q 75": (900, 33.0),
    "q 100": (2000, 37.0),
}
JPEG = {
    "quality 5": (200, 25.0),
    "quality 20": (500, 29.0),
    "quality 40": (900, 31.0),
    "quality 70": (1500, 33.0),
}
JPEG_444 = {
    "quality 5": (260, 24.9),
    "quality 40": (950, 31.5),
    "quality 70": (1450, 33.5),
    "quality 80": (2000, 35.0),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_codec(VariableRate(MeanScaleHyperprior(N=8, M=12)).freeze(), tmp_path / "tiny.safetensors")
    (tmp_path / "made").mkdir()  # beside the codecs lie cards alone
    (tmp_path / "made/training.json").write_text(json.dumps(TRAINING))
    return tmp_path


def _measured(make_results: Callable[..., Results], path: Path, **left_out: str) -> None:
    curves = {"Codec": OURS, "JPEG": JPEG, "JPEG 4:4:4": JPEG_444, "JPEG 2000": JPEG_444}
    made = make_results(
        {
            curve: {
                setting: [(name, size, db) for name in IMAGES]
                for setting, (size, db) in points.items()
                if left_out.get("setting") != setting
            }
            for curve, points in curves.items()
            if left_out.get("curve") != curve
        }
    )
    points = (p._replace(source="tiny.safetensors") if p.curve == "Codec" else p for p in made.points)
    write_results(path, made._replace(points=tuple(points)))


def test_a_card_tells_ends_and_bd_rates_against_the_better_jpeg(
    folder: Path, make_results: Callable[..., Results]
) -> None:
    _measured(make_results, folder / "made/results.json")
    arguments = [
        str(folder / name) for name in ("tiny.safetensors", "made/results.json", "made/training.json")
    ]
    assert main([*arguments, "--default"]) == 0
    (card,) = packaged_cards(folder)
    assert (card.name, card.default, card.training.steps) == ("tiny", True, 5)
    assert card.kodak is not None
    assert card.kodak.bpp == (0.15, 2.0)
    assert card.kodak.psnr_rgb == (25.0, 37.0)
    # 950 bytes of 4:4:4 are better than a line through 4:2:0; its smallest is not.
    better = [(0.2, 25.0), (0.5, 29.0), (0.9, 31.0), (0.95, 31.5), (1.45, 33.5), (2.0, 35.0)]
    inside = [(0.15, 25.0), (0.25, 27.0), (0.5, 30.0), (0.9, 33.0)]  # 0.1 to 1.2 bpp
    assert card.kodak.bd_rate_psnr["JPEG"] == pytest.approx(bd_rate(better, inside).value, abs=0.06)
    assert set(card.kodak.bd_rate_ms_ssim) == {"JPEG", "JPEG 2000"}


def test_a_card_never_replaces_what_it_is_made_from(
    folder: Path, make_results: Callable[..., Results]
) -> None:
    _measured(make_results, folder / "made/results.json")
    (folder / "tiny.json").symlink_to(folder / "made/training.json")
    arguments = [str(folder / name) for name in ("tiny.safetensors", "made/results.json", "tiny.json")]
    with pytest.raises(OutputExists, match="is the input"):
        main(arguments)
    assert json.loads((folder / "made/training.json").read_text()) == TRAINING


@pytest.mark.parametrize(
    ("left_out", "message"),
    [
        ({"setting": "q 1"}, "not measured on all 24 images at q 1"),
        ({"curve": "JPEG 4:4:4"}, "the results lack JPEG 4:4:4"),
        ({"curve": "Codec"}, "has no curve of tiny.safetensors"),
    ],
)
def test_a_card_is_not_made_of_half_the_figures(
    folder: Path, left_out: dict[str, str], message: str, make_results: Callable[..., Results]
) -> None:
    _measured(make_results, folder / "made/results.json", **left_out)
    arguments = [
        str(folder / name) for name in ("tiny.safetensors", "made/results.json", "made/training.json")
    ]
    with pytest.raises(ResultsError, match=message):
        main(arguments)
    assert not (folder / "tiny.json").exists()


def test_a_codec_of_one_rate_gets_no_card(folder: Path) -> None:
    save_codec(MeanScaleHyperprior(N=8, M=12).freeze(), folder / "one.safetensors")
    with pytest.raises(CodecFileError, match="MeanScaleHyperprior, which has no -q"):
        main([str(folder / "one.safetensors"), "results.json", "training.json"])


def test_a_lossless_codec_has_bits_per_sub_pixel(folder: Path, make_results: Callable[..., Results]) -> None:
    torch.manual_seed(0)
    save_codec(PixelAutoregressive(N=8, M=4, blocks=1, K=2).freeze(), folder / "tiny.safetensors")
    sizes = {"Codec": ("tiny", 9000), "PNG": ("optimised", 12000)}
    made = make_results(
        {
            curve: {setting: [(name, size, math.inf) for name in IMAGES]}
            for curve, (setting, size) in sizes.items()
        }
    )
    points = [p._replace(source="tiny.safetensors") if p.curve == "Codec" else p for p in made.points]
    points = [p._replace(kind="codec" if p.curve == "Codec" else "baseline") for p in points]
    write_results(folder / "made/results.json", made._replace(points=tuple(points)))
    arguments = ["tiny.safetensors", "made/results.json", "made/training.json"]
    assert main([str(folder / name) for name in arguments]) == 0
    (card,) = packaged_cards(folder)
    assert card.lossless is not None
    assert card.kodak is card.lmbda is None
    assert card.lossless.bits_per_sub_pixel == round(8 * 9000 / (100 * 80 * 3), 3)
    assert card.lossless.baselines == {"PNG, optimised": 8 * 12000 / (100 * 80 * 3)}
    assert card.codec == "PixelAutoregressive N=8 M=4 blocks=1 K=2"
    fewer = made._replace(points=tuple(p._replace(scores=p.scores[1:]) for p in points))
    write_results(folder / "made/results.json", fewer)
    with pytest.raises(ResultsError, match="lossless on all 24 images"):
        main([*(str(folder / name) for name in arguments), "--force"])
