"""Scores are of real files, and what is measured once is not lost."""

import io
import math
import os
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from PIL import Image

from litcodec.codec_files import load_codec
from litcodec.errors import OutputExists, ResultsError
from litcodec.evaluation import Point, Results, Step, compress_file, evaluate, read_results
from litcodec.limits import MAX_PIXELS

NAMES = ["a.png", "b é.png", "below/c.png"]


def untimed(results: Results) -> str:
    """All but times; in words, as nan is not itself."""
    points = tuple(
        point._replace(scores=tuple(s._replace(encode_s=0.0, decode_s=0.0) for s in point.scores))
        for point in results.points
    )
    return repr(results._replace(created="", points=points))


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


def test_a_yardsticks_scores_are_those_of_pillow_and_numpy(jpeg, image_folder: Path, tmp_path: Path):
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


def test_each_codec_warms_up_once_and_nothing_is_measured_twice(
    two_codecs, jpeg, encoded, image_folder: Path, tmp_path: Path
):
    output = tmp_path / "results.json"
    evaluate(two_codecs, image_folder, output, baselines=[jpeg])
    assert encoded[:4] == [(3, 170, 164), (3, 170, 164), (3, 40, 56), (3, 17, 33)]
    assert (len(encoded), jpeg.coded) == (8, 8)

    before, steps = output.read_bytes(), list[Step]()
    again = evaluate(two_codecs, image_folder, output, baselines=[jpeg], progress=steps.append)
    assert (len(encoded), jpeg.coded, steps) == (8, 8, [])
    assert output.read_bytes() == before
    assert untimed(again) == untimed(read_results(output))


def test_an_evaluation_that_is_killed_loses_no_image_and_ends_where_an_undisturbed_one_does(
    two_codecs, jpeg, encoded, image_folder: Path, tmp_path: Path
):
    whole = evaluate(two_codecs, image_folder, tmp_path / "whole" / "results.json", baselines=[jpeg])
    jpeg.coded = 0
    encoded.clear()
    output = tmp_path / "killed" / "results.json"

    def die_at(done: int) -> None:
        def tell(step: Step) -> None:
            if step.done == done:
                # What a process that is killed now leaves behind.
                assert sum(len(point.scores) for point in read_results(output).points) == kept + done
                raise KeyboardInterrupt

        kept = sum(len(p.scores) for p in read_results(output).points) if output.exists() else 0
        with pytest.raises(KeyboardInterrupt):
            evaluate(two_codecs, image_folder, output, baselines=[jpeg], progress=tell)

    die_at(2)
    die_at(5)
    steps = list[Step]()
    results = evaluate(two_codecs, image_folder, output, baselines=[jpeg], progress=steps.append)
    assert (steps[0].kept, steps[0].total) == (7, 5)
    assert steps[-1] == Step(5, 5, 7, "", "", "")
    # 12 measured; one warming up per codec and rung in each run that had something left of it.
    assert len(encoded) + jpeg.coded == 12 + 1 + 3 + 2
    assert untimed(results) == untimed(whole) == untimed(read_results(output))
    assert not list(output.parent.rglob("*.part"))


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


def test_points_that_are_not_asked_for_stay_and_new_images_join(
    two_codecs, encoded, image_folder: Path, image_like, tmp_path: Path
):
    output = tmp_path / "results.json"
    evaluate(two_codecs[:1], image_folder, output)
    first = read_results(output).points[0]
    Image.new("RGB", (20, 10), "red").save(image_folder / "d.png")
    results = evaluate(two_codecs[1:], image_folder, output)
    assert results.points[0] == first
    assert [len(point.scores) for point in results.points] == [3, 4]
    encoded.clear()
    assert len(evaluate(two_codecs, image_folder, output).points[0].scores) == 4
    assert encoded == [(3, 10, 20)] * 2


@pytest.mark.parametrize("change", ["changed", "gone"])
def test_scores_of_other_images_are_not_mixed_in(change: str, two_codecs, image_folder: Path, tmp_path: Path):
    output = tmp_path / "results.json"
    evaluate(two_codecs[:1], image_folder, output)
    if change == "gone":
        (image_folder / "a.png").unlink()
    else:
        Image.new("RGB", (20, 10)).save(image_folder / "a.png")
    before = output.read_bytes()
    with pytest.raises(ResultsError, match=r"results\.json holds scores of other images: a\.png .*--force"):
        evaluate(two_codecs, image_folder, output)
    assert output.read_bytes() == before
    results = evaluate(two_codecs[1:], image_folder, output, force=True)
    assert [point.setting for point in results.points] == ["lmbda 0.0130"]


def test_a_damaged_results_file_is_kept_unless_forced(two_codecs, image_folder: Path, tmp_path: Path):
    output = tmp_path / "results.json"
    output.write_text('{"format": "litcodec-results", "version": 1')
    with pytest.raises(ResultsError, match=r"results\.json"):
        evaluate(two_codecs, image_folder, output)
    assert output.read_text().endswith('"version": 1')


def test_a_retrained_codec_and_another_version_of_a_yardstick_are_measured_anew(
    make_codec, jpeg, encoded, image_folder: Path, tmp_path: Path
):
    output, path = tmp_path / "results.json", tmp_path / "codec.safetensors"
    evaluate([make_codec(path, seed=0)], image_folder, output, baselines=[jpeg])
    jpeg.source, jpeg.coded = "Pillow, newer", 0
    encoded.clear()
    results = evaluate([make_codec(path, seed=1)], image_folder, output, baselines=[jpeg])
    assert (len(encoded), jpeg.coded) == (4, 8)
    assert [point.fingerprint for point in results.points] == [load_codec(path).fingerprint.hex(), None, None]
    assert {point.source for point in results.points[1:]} == {"Pillow, newer"}


def test_a_coded_file_that_is_gone_is_made_again_unless_files_are_not_wanted(
    two_codecs, encoded, image_folder: Path, tmp_path: Path
):
    output = tmp_path / "results.json"
    score = evaluate(two_codecs[:1], image_folder, output).points[0].scores[0]
    (tmp_path / score.file).unlink()
    encoded.clear()
    evaluate(two_codecs[:1], image_folder, output, keep=False)
    assert not encoded
    evaluate(two_codecs[:1], image_folder, output)
    assert len(encoded) == 2
    assert (tmp_path / score.file).stat().st_size == score.bytes


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


def test_of_two_runs_on_one_file_the_second_waits_and_no_score_is_lost(
    two_codecs, jpeg, image_folder: Path, tmp_path: Path
):
    output, waited, under_way, second = tmp_path / "results.json", Event(), Event(), []

    def hold(step: Step) -> None:
        under_way.set()
        assert waited.wait(60)  # until the second has come

    def run_second() -> None:
        assert under_way.wait(60)
        second.append(evaluate(two_codecs[:1], image_folder, output, waiting=waited.set))

    thread = Thread(target=run_second)
    thread.start()
    evaluate([], image_folder, output, baselines=[jpeg], progress=hold)
    thread.join()
    assert [len(point.scores) for point in second[0].points] == [3, 3, 3]
    assert untimed(read_results(output)) == untimed(second[0])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images", "results.files", "results.json"]


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
