"""Codecs and baselines over a folder of images, continued where the last evaluation stopped."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from litcodec.baselines.base import Baseline
from litcodec.data import list_images
from litcodec.errors import EmptyDataset, ResultsError
from litcodec.evaluation.divergences import SetMeasurer
from litcodec.evaluation.measure_file import FileMeasurer, ImageFile
from litcodec.evaluation.one_writer import one_writer
from litcodec.evaluation.outputs import check_output
from litcodec.evaluation.results import Failure, Point, Results, Score
from litcodec.evaluation.results_file import read_results
from litcodec.evaluation.results_store import ResultsStore
from litcodec.evaluation.texts import can_be_shown, one_line
from litcodec.evaluation.under_test import UnderTest, baselines_under_test, codecs_under_test
from litcodec.limits import MAX_PIXELS
from litcodec.metrics import SHIPPED, Metric, SetMetric, infos

_STEM_BYTES = 240  # of a results file's name that its folder of kept files carries


class Step(NamedTuple):
    """How far an evaluation is. Reported before each image, after each failure, and at the end."""

    done: int  # codings of a image in this run
    total: int
    kept: int  # scores of earlier runs that need not be measured again
    curve: str  # what is measured now: which codec,
    setting: str
    image: str  # which image; "" at the end
    failure: Failure | None = None


def evaluate(
    codecs: Sequence[Path],
    images: Path,
    output: Path,
    *,
    baselines: Sequence[Baseline] = (),
    label: str | None = None,
    keep: bool = True,
    max_pixels: int = MAX_PIXELS,
    force: bool = False,
    qualities: Sequence[float] | None = None,
    rates: Sequence[float] = (),
    metrics: Sequence[Metric] = SHIPPED,
    set_metrics: Sequence[SetMetric] = (),
    names: Mapping[Path, str] = MappingProxyType({}),
    device: str = "cpu",
    realism: Sequence[float] = (0.0,),
    effort: int = 0,
    progress: Callable[[Step], None] = lambda step: None,
    waiting: Callable[[], None] = lambda: None,
) -> Results:
    """Measure every codec, and every baseline at each of its qualities, on every image.

    A score is in the results file as soon as it is measured, and one that is there is not measured again: a
    second call goes on where the first stopped. Points that are not asked for stay as they are.

    Args:
        codecs: codec files.
        images: a folder of images, searched recursively.
        output: the results file.
        baselines: baseline codecs.
        label: the name of the codecs' curve; by class, number of weights and distortion if not given.
        keep: keep the coded files, in ``<stem of output>.files`` beside the results.
        max_pixels: refuse larger images.
        force: start over, whatever ``output`` holds.
        qualities: 1 to 100, at which codecs of variable rate are measured; None for the usual eight.
        rates: bits per pixel, at which codecs of variable rate and baselines are measured instead: each image
            at the quality whose file is nearest.
        metrics: what is measured of decoded images; an image that lacks one is measured again.
        set_metrics: what is measured of all decoded images of a codec at one setting, as a set.
        names: curves of single codec files, where ``label`` is not given.
        device: where learned codecs run.
        realism: of the codecs' decoder, 0 to 1; above 0 with the second synthesis beside each codec file.
        effort: 0 to 9, of encoders that refine latents; above 0 it is part of a curve's name.
        progress: called with the progress.
        waiting: called if another run is writing to ``output``, whose end is waited for.

    Returns:
        All that the results file now holds.

    Raises:
        CodecFileError: if a codec file is missing or damaged, or qualities are asked of codecs that have
            none; before anything is measured.
        EmptyDataset: if there is not an image.
        ShapeError: if the images have too few patches for one of ``set_metrics``.
        OutputExists: if ``output`` is there and no regular file.
        ResultsError: if ``output`` holds something else, or scores of other images; or if a name cannot be
            written to it.
    """
    check_output(output, overwrite=True)
    with one_writer(output, waiting), _folder_for_files(output, keep=keep) as files:
        files_here = _images(images, without=files)
        before = None if force or not output.exists() else read_results(output)
        if before is not None:
            _check_same_images(before, files_here, output)
        known = before.points if before is not None else ()
        tests = codecs_under_test(
            codecs,
            label=label,
            max_pixels=max_pixels,
            before=known,
            qualities=qualities,
            rates=rates,
            names=names,
            device=device,
            realism=realism,
            effort=effort,
        )
        tests += baselines_under_test(baselines, rates)
        _check_texts(tests, output)
        measure_set = SetMeasurer(set_metrics, files_here, max_pixels=max_pixels)
        store = ResultsStore(output, images, infos(metrics), before, tuple(m.info for m in set_metrics))
        beside = output.parent if keep else None
        here = {image.name for image in files_here}
        wanted = {metric.name for metric in metrics}
        todo = [(c, _unmeasured(store.open(c.point, here), files_here, beside, wanted)) for c in tests]
        total = sum(len(left) for _, left in todo)
        if (
            total == 0
            and before is not None
            and not any(measure_set.missing(store.point(c.point)) for c in tests)
        ):
            return before
        store.write()  # what cannot be written should fail now rather than after hours
        step = Step(0, total, len(tests) * len(files_here) - total, "", "", "")
        try:
            for tested, left in todo:
                measure = FileMeasurer(tested, metrics, files=files, beside=beside, max_pixels=max_pixels)
                for image in left:
                    step = _at(step, tested, image)
                    progress(step)
                    outcome = measure(image)
                    store.add(tested.point, outcome)
                    step = step._replace(done=step.done + 1)
                    if isinstance(outcome, Failure):
                        progress(step._replace(failure=outcome))
                if set_metrics and measure_set.missing(store.point(tested.point)):
                    progress(_at(step, tested, files_here[0])._replace(image=f"{len(files_here)} images"))
                    store.add_divergences(tested.point, measure_set(store.point(tested.point), measure))
        finally:
            store.write()
        progress(step._replace(curve="", setting="", image=""))
        return store.results()


def _check_texts(tests: Sequence[UnderTest], output: Path) -> None:
    """Before anything is measured: what a results file cannot hold would cost all its scores."""
    names = (name for test in tests for name in (test.point.curve, test.point.setting, test.point.source))
    for name in (output.stem, *names):
        if not can_be_shown(name):
            raise ResultsError(f"{name!r} has characters that no results file holds: give another name.")


def _at(step: Step, tested: UnderTest, image: ImageFile) -> Step:
    return step._replace(curve=tested.point.curve, setting=tested.point.setting, image=image.name)


@contextmanager
def _folder_for_files(output: Path, *, keep: bool) -> Iterator[Path]:
    if keep:
        yield output.parent / f"{_short(output.stem)}.files"
    else:
        with tempfile.TemporaryDirectory(prefix="litcodec-") as folder:
            yield Path(folder)


def _short(stem: str) -> str:
    """Names end at 255 bytes: a long one is cut, and made unique by its hash."""
    data = os.fsencode(stem)
    if len(data) <= _STEM_BYTES:
        return stem
    return f"{data[: _STEM_BYTES - 9].decode('utf-8', 'ignore')}-{hashlib.sha256(data).hexdigest()[:8]}"


def _images(images: Path, *, without: Path) -> list[ImageFile]:
    """The images in a folder, except those that an evaluation has put there itself."""
    ours = without.resolve()
    paths = [path for path in list_images(images) if ours not in path.resolve().parents]
    if not paths:
        raise EmptyDataset(f"No photograph in {images}, only the coded files in {without}.")
    return [
        ImageFile(one_line(path.relative_to(images).as_posix(), 4000), path, _sha256(path)) for path in paths
    ]


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""  # reading the image will say why


def _check_same_images(before: Results, files_here: Sequence[ImageFile], output: Path) -> None:
    """A image more does no harm; means over some that are gone or have changed would be of nothing."""
    here = {image.name: image.sha256 for image in files_here}
    for score in (score for point in before.points for score in point.scores):
        if here.get(score.image) != score.sha256:
            what = "has changed since" if score.image in here else "is not among these"
            raise ResultsError(
                f"{output} holds scores of other images: {score.image} of {before.images} {what}. "
                "Write to another file with -o, or start over with --force."
            )


def _unmeasured(
    point: Point, files_here: Sequence[ImageFile], beside: Path | None, wanted: Set[str]
) -> list[ImageFile]:
    """Those without a score or a wanted metric, or whose file is wanted (``beside`` is given) and gone."""
    done = {
        score.image
        for score in point.scores
        if wanted <= score.values.keys() and (beside is None or _is_there(score, beside))
    }
    return [image for image in files_here if image.name not in done]


def _is_there(score: Score, beside: Path) -> bool:
    path = beside / score.file
    return score.file != "" and path.is_file() and path.stat().st_size == score.bytes
