"""The viewer shows just what the kept files hold, at rates that compare."""

import base64
import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from litcodec.codec_files import load_codec
from litcodec.evaluation import Results, read_results, write_results
from litcodec.evaluation.merging import merge_points
from litcodec.frozen import from_stream
from litcodec.report.data import Version, ViewerImage
from litcodec.report.decoding import Source
from litcodec.report.viewer_images import Gallery, gallery

CODEC = "MeanScaleHyperprior (29k), MSE"


def _gallery(path: Path, *, count: int = 1, results: Results | None = None) -> Gallery:
    found = results or read_results(path)
    return gallery(merge_points([found]), [Source(found, path.parent)], count=count)


def _only(results: Results, *curves: str) -> Results:
    return results._replace(points=tuple(p for p in results.points if p.curve.split(" ")[0] in curves))


def _pixels(uri: str) -> np.ndarray:
    head, _, data = uri.partition(",")
    assert head == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


@pytest.fixture(scope="module")
def shown(evaluated: Path) -> ViewerImage:
    (image,) = _gallery(evaluated).images
    return image


@pytest.fixture(scope="module")
def baselines(evaluated: Path) -> ViewerImage:
    (image,) = _gallery(evaluated, results=_only(read_results(evaluated), "JPEG", "WebP")).images
    return image


def _file(evaluated: Path, version: Version, image: str = "a.png") -> Path:
    (file,) = (
        score.file
        for point in read_results(evaluated).points
        for score in point.scores
        if (point.curve, point.setting, score.image) == (version.curve, version.setting, image)
    )
    return evaluated.parent / file


def test_the_original_is_shown_exactly(shown: ViewerImage, evaluated: Path):
    assert (shown.name, shown.width, shown.height) == ("a.png", 120, 96)
    original = np.asarray(Image.open(evaluated.parent / "images" / "a.png"))
    assert np.array_equal(_pixels(shown.original), original)


def test_versions_are_pixel_for_pixel_what_the_kept_files_decode_to(shown: ViewerImage, evaluated: Path):
    seen = set()
    for version in shown.versions:
        data = _file(evaluated, version).read_bytes()
        assert version.bytes == len(data)
        if version.curve == CODEC:
            seed = ["lmbda 0.0100", "lmbda 0.0200"].index(version.setting)
            x_hat = from_stream(load_codec(evaluated.parent / f"{seed}.safetensors"), data)
            expected = (x_hat[0] * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
        else:
            expected = np.asarray(Image.open(io.BytesIO(data)))
        assert np.array_equal(_pixels(version.decoded), expected)
        seen.add(version.curve)
    assert len(seen) == 3


def test_every_version_is_its_codecs_file_nearest_to_a_common_size(baselines: ViewerImage, evaluated: Path):
    sizes: dict[str, dict[str, int]] = {}
    for point in _only(read_results(evaluated), "JPEG", "WebP").points:
        for score in point.scores:
            if score.image == "a.png":
                sizes.setdefault(point.curve, {})[point.setting] = score.bytes
    first, second = sizes
    assert [(v.level, v.curve) for v in baselines.versions] == [
        (level, curve) for level in ("low", "middle", "high") for curve in (first, second)
    ]
    rates = []
    for ours, theirs in zip(baselines.versions[::2], baselines.versions[1::2], strict=True):
        rates.append(ours.bytes)  # the common size is a file of the first curve
        by_ratio = {
            setting: max(size / ours.bytes, ours.bytes / size) for setting, size in sizes[second].items()
        }
        assert theirs.setting == min(by_ratio, key=lambda setting: by_ratio[setting])
    assert rates == sorted(set(rates))
    assert len(rates) == 3


def test_codecs_without_a_common_rate_are_shown_once_and_that_is_said(evaluated: Path):
    results = _only(read_results(evaluated), "JPEG", "WebP")
    jpeg, webp = (
        [p for p in results.points if p.curve == name]
        for name in dict.fromkeys(p.curve for p in results.points)
    )
    apart = results._replace(points=(*jpeg[:2], *webp[-2:]))
    (image,), notes = _gallery(evaluated, results=apart)
    assert [(v.level, v.setting) for v in image.versions] == [
        ("middle", jpeg[1].setting),  # the largest of the small ones
        ("middle", webp[-2].setting),  # and the smallest of the large ones
    ]
    assert any("a.png" in note and "range" in note for note in notes)


def test_only_our_codecs_have_maps_of_bits_and_these_hold_the_files_bits(shown: ViewerImage):
    for version in shown.versions:
        if version.curve != CODEC:
            assert (version.bits, version.bits_scale) == (None, None)
            continue
        assert version.bits is not None
        assert version.bits_scale is not None
        colours = _pixels(version.bits)
        assert colours.shape == (96, 120, 3)
        assert version.bits_scale >= version.bpp  # the brightest place is not below the mean


def test_images_come_by_name_as_many_as_asked_for(evaluated: Path):
    assert [p.name for p in _gallery(evaluated, count=9).images] == ["a.png", "below/b é.png"]
    assert _gallery(evaluated, count=0) == ((), ())


def test_the_pixel_limit_is_the_users_and_never_the_files(evaluated: Path):
    found = read_results(evaluated)
    sources = [Source(found, evaluated.parent)]
    shown = gallery(merge_points([found]), sources, count=1, max_pixels=120 * 96 - 1)
    assert [version for image in shown.images for version in image.versions] == []
    assert "120x96 pixels are too many for the limit of 11519" in shown.notes[0]
    large = [
        point._replace(scores=tuple(score._replace(width=9000, height=9000) for score in point.scores))
        for point in found.points
    ]
    shown = gallery(merge_points([found._replace(points=tuple(large))]), sources, count=1)
    assert shown.images[0].versions == ()
    assert any("9000x9000 pixels are too many for the limit of 67108864" in note for note in shown.notes)


@pytest.fixture
def moved(evaluated: Path, tmp_path: Path) -> Path:
    """A copy of the results with all that belongs to them, its paths relative; free to be damaged."""
    folder = tmp_path / "moved"
    shutil.copytree(evaluated.parent, folder)
    results = read_results(evaluated)
    points = tuple(
        point._replace(source=Path(point.source).name) if point.kind == "codec" else point
        for point in results.points
    )
    write_results(folder / evaluated.name, results._replace(images="images", points=points))
    return folder / evaluated.name


def test_results_that_moved_with_their_files_are_shown_as_before(moved: Path, shown: ViewerImage):
    assert _gallery(moved).images == (shown,)


def test_a_codec_that_was_trained_on_is_left_out_in_words(moved: Path):
    shutil.copy(moved.parent / "1.safetensors", moved.parent / "0.safetensors")
    results = _only(read_results(moved), "MeanScaleHyperprior")
    one = results._replace(points=results.points[:1])
    (image,), notes = _gallery(moved, results=one)
    assert image.versions == ()
    assert [note for note in notes if "fingerprint" in note and "lmbda 0.0100" in note]


@pytest.mark.parametrize("damage", ["missing", "cut", "swapped"])
def test_a_file_that_is_not_what_was_measured_is_left_out_in_words(moved: Path, damage: str):
    results = _only(read_results(moved), "JPEG")
    results = results._replace(points=results.points[:1])
    (score, other) = results.points[0].scores
    path = moved.parent / score.file
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-5])
    else:  # another image in a file of the right length
        data = (moved.parent / other.file).read_bytes()
        path.write_bytes(data.ljust(score.bytes, b"\0")[: score.bytes])
    images, notes = _gallery(moved, results=results)
    assert [version for image in images for version in image.versions] == []
    assert [note for note in notes if results.points[0].setting in note]


def test_an_original_that_changed_is_left_out_in_words(moved: Path):
    Image.new("RGB", (120, 96)).save(moved.parent / "images" / "a.png")
    images, notes = _gallery(moved, count=2)
    assert [image.name for image in images] == ["below/b é.png"]
    assert [note for note in notes if "a.png" in note and "changed" in note]


def test_files_that_were_not_kept_are_one_note_for_each_curve(evaluated: Path):
    results = _only(read_results(evaluated), "JPEG")
    points = tuple(
        point._replace(scores=tuple(score._replace(file="") for score in point.scores))
        for point in results.points
    )
    images, notes = _gallery(evaluated, count=2, results=results._replace(points=points))
    assert images == ()
    assert notes == (f"The viewer is without {points[0].curve}: its files were not kept.",)


def test_a_large_image_is_cut_not_shrunk(evaluated: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("litcodec.report.viewer_images.MAX_SIDE", 80)
    (image,), notes = _gallery(evaluated, results=_only(read_results(evaluated), "JPEG"))
    assert (image.width, image.height) == (80, 80)
    original = np.asarray(Image.open(evaluated.parent / "images" / "a.png"))
    assert np.array_equal(_pixels(image.original), original[8:88, 20:100])
    assert _pixels(image.versions[0].decoded).shape == (80, 80, 3)
    assert [note for note in notes if "120x96" in note]


def test_files_of_one_size_are_all_shown_by_curve_and_setting(evaluated: Path):
    """As a codec makes them whose decoder has a choice: two settings, the same bytes."""
    results = _only(read_results(evaluated), "MeanScaleHyperprior", "JPEG")
    codec = next(point for point in results.points if point.curve == CODEC)
    other = codec._replace(setting="decoded otherwise")
    jpeg = [point for point in results.points if point.curve == "JPEG"]
    ((image,), _) = _gallery(evaluated, results=results._replace(points=(codec, other, *jpeg)))
    titles = [version.title for version in image.versions if version.level == image.versions[0].level]
    assert titles == [f"{CODEC}, {codec.setting}", f"{CODEC}, decoded otherwise", "JPEG"]
