"""Scores are of real files; what cannot be measured costs its row alone."""

import io
import math
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from litcodec.codec_files import load_codec
from litcodec.errors import OutputExists, ResultsError
from litcodec.evaluation import Point, Step, compress_file, evaluate, read_results
from litcodec.limits import MAX_PIXELS

NAMES = ["a.png", "b é.png", "below/c.png"]


def test_a_codecs_scores_are_those_that_compressing_reports(two_codecs, image_folder: Path, tmp_path: Path):
    codec = load_codec(two_codecs[0])
    results = evaluate(two_codecs[:1], image_folder, tmp_path / "results.json")

    (point,) = results.points
    assert point[:6] == (
        "MeanScaleHyperprior (29k), MSE",
        "codec",
        "lmbda 0.0035",
        two_codecs[0].as_posix(),
        0.0035,
        codec.fingerprint.hex(),
    )
    assert [score.image for score in point.scores] == NAMES
    for score in point.scores:
        stream = tmp_path / "one.litc"
        found = compress_file(
            image_folder / score.image, stream, codec, max_pixels=MAX_PIXELS, overwrite=True, measure=True
        )
        assert (tmp_path / score.file).read_bytes() == stream.read_bytes()
        assert (score.width, score.height, score.bytes, score.bpp) == found[2:6]
        assert score.values["psnr"] == found.psnr_rgb
        assert score.values["ms_ssim"] == pytest.approx(found.ms_ssim, nan_ok=True, abs=0)
        assert math.isnan(score.values["ms_ssim_db"]) == (score.image != "a.png")
        assert score.encode_s > 0 < score.decode_s


def test_a_baselines_scores_are_those_of_pillow_and_numpy(jpeg, image_folder: Path, tmp_path: Path):
    results = evaluate([], image_folder, tmp_path / "results.json", baselines=[jpeg])

    assert [(p.curve, p.kind, p.setting, p.source, p.lmbda, p.fingerprint) for p in results.points] == [
        (jpeg.name, "baseline", f"quality {q}", "Pillow", None, None) for q in (30, 60)
    ]
    original = Image.open(image_folder / "b é.png").convert("RGB")
    buffer = io.BytesIO()
    original.save(buffer, "JPEG", quality=60)
    x, x_hat = (np.asarray(image.convert("RGB"), float) for image in (original, Image.open(buffer)))
    luma = np.array([0.299, 0.587, 0.114])
    (score,) = (score for score in results.points[1].scores if score.image == "b é.png")
    assert score.bytes == len(buffer.getvalue())
    assert score.bpp == 8 * len(buffer.getvalue()) / (40 * 56)
    assert score.values["psnr"] == pytest.approx(10 * np.log10(255**2 / np.mean((x - x_hat) ** 2)), abs=1e-9)
    assert score.values["psnr_luma"] == pytest.approx(
        10 * np.log10(255**2 / np.mean(((x - x_hat) @ luma) ** 2)), abs=1e-9
    )
    assert (tmp_path / score.file).read_bytes() == buffer.getvalue()
    assert score.file.endswith("b é.png.jpg")


def test_codecs_that_differ_in_lambda_make_one_curve(two_codecs, image_folder: Path, tmp_path: Path):
    results = evaluate(two_codecs, image_folder, tmp_path / "results.json", keep=False)
    assert [(point.curve, point.setting) for point in results.points] == [
        ("MeanScaleHyperprior (29k), MSE", "lmbda 0.0035"),
        ("MeanScaleHyperprior (29k), MSE", "lmbda 0.0130"),
    ]
    assert {score.file for point in results.points for score in point.scores} == {""}
    assert {path.name for path in tmp_path.iterdir()} == {"images", "results.json"}


def test_a_broken_image_is_a_failure_and_the_rest_is_measured(
    two_codecs, jpeg, image_folder: Path, tmp_path: Path
):
    output, steps = tmp_path / "results.json", list[Step]()
    (image_folder / "broken.png").write_bytes((image_folder / "a.png").read_bytes()[:-3000])
    jpeg.fails = lambda x, quality: x.shape[2] == 56 and quality == 60
    results = evaluate(two_codecs[:1], image_folder, output, baselines=[jpeg], progress=steps.append)
    assert [len(point.scores) for point in results.points] == [3, 3, 2]
    assert [[f.image for f in point.failures] for point in results.points] == [
        ["broken.png"],
        ["broken.png"],
        ["b é.png", "broken.png"],
    ]
    assert "damaged" in results.points[0].failures[0].reason
    found = [(step.setting, step.failure.image) for step in steps if step.failure]
    assert ("quality 60", "b é.png") in found
    assert len(found) == 4

    # Mended, the next run measures just what is missing.
    Image.open(image_folder / "a.png").rotate(90).save(image_folder / "broken.png")
    jpeg.fails = lambda x, quality: False
    steps.clear()
    results = evaluate(two_codecs[:1], image_folder, output, baselines=[jpeg], progress=steps.append)
    assert (steps[0].total, steps[0].kept) == (4, 8)
    assert [(len(point.scores), point.failures) for point in results.points] == [(4, ())] * 3


def test_results_among_the_images_do_not_become_images(jpeg, image_folder: Path):
    evaluate([], image_folder, image_folder / "results.json", baselines=[jpeg])
    results = evaluate([], image_folder, image_folder / "results.json", baselines=[jpeg])
    assert [len(point.scores) for point in results.points] == [3, 3]


def test_names_of_curves_cannot_lead_out_of_the_folder_of_files(
    two_codecs, image_folder: Path, tmp_path: Path
):
    def folder(point: Point) -> str:
        return Path(point.scores[0].file).parts[1]

    output = tmp_path / "results.json"
    labels = ["..", "a/b", "a b", "a+b", "é"]
    found = [
        folder(evaluate(two_codecs[:1], image_folder, output, label=label).points[-1]) for label in labels
    ]
    assert found == ["%2E.", "a%2Fb", "a+b", "a%2Bb", "%C3%A9"]
    assert {path.name for path in (tmp_path / "results.files").iterdir()} == set(found)


@pytest.mark.parametrize(
    ("name", "why"), [(b"\xff.png", "is not UTF-8"), (b"a\nb.png", "holds control characters")]
)
def test_a_name_that_no_results_file_holds_costs_its_row_alone(
    jpeg, image_folder: Path, tmp_path: Path, name: bytes, why: str
):
    (image_folder / os.fsdecode(name)).write_bytes((image_folder / "a.png").read_bytes())
    evaluate([], image_folder, tmp_path / "results.json", baselines=[jpeg])
    for point in read_results(tmp_path / "results.json").points:
        assert [score.image for score in point.scores] == NAMES
        assert [failure.reason for failure in point.failures] == [f"its name {why}: rename it."]


def test_a_label_that_no_results_file_holds_is_refused_before_anything_is_measured(
    two_codecs, encoded, image_folder: Path, tmp_path: Path
):
    with pytest.raises(ResultsError, match="characters that no results file holds"):
        evaluate(two_codecs, image_folder, tmp_path / "results.json", label="a\nb")
    assert not encoded
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


def test_what_cannot_be_written_is_known_before_anything_is_measured(
    two_codecs, encoded, image_folder: Path, tmp_path: Path
):
    with pytest.raises(OutputExists, match="is a folder"):
        evaluate(two_codecs, image_folder, tmp_path, force=True)
    assert not encoded


def test_a_full_disk_ends_the_evaluation_and_is_no_failure_of_the_image(
    two_codecs, image_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    output = tmp_path / "results.json"
    replace = os.replace

    def full(source: str, target: Path) -> None:
        if Path(target).name == "c.png.litc":
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        evaluate(two_codecs, image_folder, output)
    (point,) = read_results(output).points
    assert [score.image for score in point.scores] == ["a.png", "b é.png"]
    assert point.failures == ()
