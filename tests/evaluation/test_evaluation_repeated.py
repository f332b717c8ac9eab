"""What is measured once is not lost, nor measured again, by later evaluations into the same file."""

from pathlib import Path
from threading import Event, Thread

import pytest
from PIL import Image

from litcodec.codec_files import load_codec
from litcodec.errors import ResultsError
from litcodec.evaluation import Results, Step, evaluate, read_results


def untimed(results: Results) -> str:
    """All but times; in words, as nan is not itself."""
    points = tuple(
        point._replace(scores=tuple(s._replace(encode_s=0.0, decode_s=0.0) for s in point.scores))
        for point in results.points
    )
    return repr(results._replace(created="", points=points))


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


def test_a_slow_codec_codes_no_image_twice(
    two_codecs, encoded, image_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("litcodec.evaluation.measure_file.WARM_UP_S", 0.0)
    results = evaluate(two_codecs, image_folder, tmp_path / "results.json")
    assert len(encoded) == sum(len(point.scores) for point in results.points) == 6


def test_an_evaluation_that_is_killed_loses_no_image_and_ends_where_an_undisturbed_one_does(
    two_codecs, jpeg, encoded, image_folder: Path, tmp_path: Path
):
    whole = evaluate(two_codecs, image_folder, tmp_path / "whole" / "results.json", baselines=[jpeg])
    jpeg.coded = 0
    encoded.clear()
    output = tmp_path / "killed" / "results.json"

    def die_at(done: int) -> None:
        def show(step: Step) -> None:
            if step.done == done:
                # What a process that is killed now leaves behind.
                assert sum(len(point.scores) for point in read_results(output).points) == kept + done
                raise KeyboardInterrupt

        kept = sum(len(p.scores) for p in read_results(output).points) if output.exists() else 0
        with pytest.raises(KeyboardInterrupt):
            evaluate(two_codecs, image_folder, output, baselines=[jpeg], progress=show)

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


def test_a_retrained_codec_and_another_version_of_a_baseline_are_measured_anew(
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
