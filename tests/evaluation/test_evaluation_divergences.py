"""Metrics of sets of images: measured after all images of a codec, of the very files, and no second time."""

from pathlib import Path

import pytest
import torch

from litcodec.baselines import open_baselines
from litcodec.cli import main
from litcodec.data import read_image
from litcodec.errors import ResultsError, ShapeError
from litcodec.evaluation import evaluate, read_results, write_results
from litcodec.evaluation.curves import curves_of
from litcodec.metrics import PSNR, SetMetric, divergence, frechet_distance


def pixels(x):
    """Each pixel is a patch of three features."""
    calls.append(tuple(x.shape))
    return x[0].flatten(1).T


calls: list[tuple[int, ...]] = []
PIXELS = SetMetric("pixels", "Fréchet distance, pixels", "", 4, pixels, frechet_distance, 2000)


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    calls.clear()


@pytest.mark.parametrize("keep", [True, False])
def test_it_is_the_divergence_of_the_files_and_is_measured_once(jpeg, image_folder, tmp_path, keep: bool):
    path = tmp_path / "results.json"
    arguments = {"baselines": [jpeg], "metrics": [PSNR], "set_metrics": [PIXELS], "keep": keep}
    results = evaluate([], image_folder, path, **arguments)
    assert read_results(path) == results
    assert results.set_metrics == (PIXELS.info,)
    names = [score.image for score in results.points[0].scores]
    originals = [read_image(image_folder / name) for name in names]
    for point, quality in zip(results.points, jpeg.qualities, strict=True):
        decoded = [jpeg.decompress(jpeg.compress(x, quality)) for x in originals]
        rows = [[pixels(x[None].float() / 255) for x in images] for images in (originals, decoded)]
        assert point.divergences == (divergence(PIXELS, *rows),)
    assert results.points[0].divergences[0].value > results.points[1].divergences[0].value > 0
    assert [p.scores["pixels"] for p in curves_of([results])[0].points] == [
        point.divergences[0].value for point in results.points
    ]
    calls.clear()
    coded = jpeg.coded
    if keep:
        assert evaluate([], image_folder, path, **arguments) == results
        assert (len(calls), jpeg.coded) == (3, coded)  # the originals, which say whether there are enough


def test_it_is_added_to_scores_that_are_there_and_goes_when_the_images_change(jpeg, image_folder, tmp_path):
    path = tmp_path / "results.json"
    before = evaluate([], image_folder, path, baselines=[jpeg], metrics=[PSNR])
    coded = jpeg.coded
    after = evaluate([], image_folder, path, baselines=[jpeg], metrics=[PSNR], set_metrics=[PIXELS])
    assert jpeg.coded == coded  # the kept files are decoded
    assert [point.scores for point in after.points] == [point.scores for point in before.points]
    (image_folder / "d.png").write_bytes((image_folder / "a.png").read_bytes())
    more = evaluate([], image_folder, path, baselines=[jpeg], metrics=[PSNR])
    assert [point.divergences for point in more.points] == [(), ()]
    again = evaluate([], image_folder, path, baselines=[jpeg], metrics=[PSNR], set_metrics=[PIXELS])
    assert {found.images for point in again.points for found in point.divergences} == {4}


def test_too_few_patches_are_refused_before_anything_is_coded(jpeg, image_folder, tmp_path):
    many = PIXELS._replace(least_patches=40_000)
    with pytest.raises(ShapeError, match=r"pixels .* needs 40,000 patches; these 3 images have 30,681"):
        evaluate([], image_folder, tmp_path / "r.json", baselines=[jpeg], set_metrics=[many])
    assert jpeg.coded == 0


def test_images_that_failed_leave_the_set_and_too_few_leave_no_value(jpeg, image_folder, tmp_path):
    jpeg.fails = lambda x, quality: x.shape[1] == 170 and quality == 60
    results = evaluate(
        [], image_folder, tmp_path / "r.json", baselines=[jpeg], metrics=[PSNR], set_metrics=[PIXELS]
    )
    assert [[found.images for found in point.divergences] for point in results.points] == [[3], [2]]
    high = PIXELS._replace(least_patches=10_000)
    results = evaluate(
        [], image_folder, tmp_path / "s.json", baselines=[jpeg], metrics=[PSNR], set_metrics=[high]
    )
    assert [len(point.divergences) for point in results.points] == [1, 0]


def test_what_is_not_finite_is_named_and_the_scores_stay(jpeg, image_folder, tmp_path):
    broken = PIXELS._replace(distance=lambda a, b: float("nan"))
    with pytest.raises(ResultsError, match=r"pixels of JPEG of the tests, quality 30 is nan"):
        evaluate(
            [], image_folder, tmp_path / "r.json", baselines=[jpeg], metrics=[PSNR], set_metrics=[broken]
        )
    assert len(read_results(tmp_path / "r.json").points[0].scores) == 3


def test_older_files_have_none_and_hostile_ones_are_refused(jpeg, image_folder, tmp_path):
    path = tmp_path / "r.json"
    results = evaluate([], image_folder, path, baselines=[jpeg], metrics=[PSNR], set_metrics=[PIXELS])
    text = path.read_text()
    for key in ("divergences", "set_metrics"):
        path.write_text(text.replace(f'"{key}"', '"unknown"'))
        read = read_results(path)
        assert (read.set_metrics == ()) == (key == "set_metrics")
        assert all((point.divergences == ()) == (key == "divergences") for point in read.points)
    (first, *_) = results.points[0].divergences
    for words in ('"value": 1e300', '"value": null', '"patches": 0'):
        key = words.split(":")[0]
        value = first.value if "value" in key else first.patches
        path.write_text(text.replace(f"{key}: {value}", words))
        with pytest.raises(ResultsError, match=r"points\[0\]\.divergences\[0\]\."):
            read_results(path)
    write_results(path, results)
    assert read_results(path) == results


def test_the_command_measures_and_prints_it_and_refuses_in_words(tmp_path: Path, capsys, image_like):
    from litcodec.data import write_png

    (tmp_path / "images").mkdir()
    write_png(tmp_path / "images" / "a.png", (image_like(128, 256)[0] * 255).round().to(torch.uint8))
    words = ["evaluate", "--images", str(tmp_path / "images"), "--baselines", "jpeg", "-o"]
    assert main([*words, str(tmp_path / "r.json"), "--metrics", "psnr,effnet_frechet"]) == 1
    assert "needs 1,000 patches; these 1 images have 8" in capsys.readouterr().err
    path = f"{__name__}.PIXELS"
    assert main([*words, str(tmp_path / "r.json"), "--metrics", f"psnr,{path}"]) == 0
    said = capsys.readouterr().out
    assert "Fréchet distance" in said
    assert "pixels" in said
    assert len(open_baselines(("jpeg",)).found[0].qualities) == said.count("quality ")
