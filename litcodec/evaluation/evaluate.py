"""Codecs and yardsticks over a folder of pictures, continued where the last evaluation stopped."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from litcodec.anchors.base import Anchor
from litcodec.data import list_images
from litcodec.errors import EmptyDataset, ResultsError
from litcodec.evaluation.candidates import Candidate, anchor_candidates, codec_candidates
from litcodec.evaluation.measuring import Measuring, Picture
from litcodec.evaluation.results import Failure, Point, Results, Score
from litcodec.evaluation.results_file import read_results
from litcodec.evaluation.tally import Tally
from litcodec.limits import MAX_PIXELS


class Step(NamedTuple):
    """How far an evaluation is. Told before each picture, after each failure, and at the end."""

    done: int  # codings of a picture in this run
    total: int
    kept: int  # scores of earlier runs that need not be measured again
    curve: str  # what is measured now: which codec,
    setting: str
    image: str  # which picture; "" at the end
    failure: Failure | None = None


def evaluate(
    codecs: Sequence[Path],
    images: Path,
    output: Path,
    *,
    anchors: Sequence[Anchor] = (),
    label: str | None = None,
    keep: bool = True,
    max_pixels: int = MAX_PIXELS,
    force: bool = False,
    qualities: Sequence[float] | None = None,
    tell: Callable[[Step], None] = lambda step: None,
) -> Results:
    """Measure every codec, and every rung of every yardstick's ladder, on every picture.

    A score is in the results file as soon as it is measured, and one that is there is not measured again: a
    second call goes on where the first stopped. Points that are not asked for stay as they are.

    Args:
        codecs: codec files.
        images: a folder of pictures, searched recursively.
        output: the results file.
        anchors: yardsticks.
        label: the name of the codecs' curve; by class, sizes and distortion if not given.
        keep: keep the coded files, in ``<stem of output>.files`` beside the results.
        max_pixels: refuse larger pictures.
        force: start anew, whatever ``output`` holds.
        qualities: 1 to 100, at which codecs of variable rate are measured; None for the usual ladder.
        tell: called with the progress.

    Returns:
        All that the results file now holds.

    Raises:
        CodecFileError: if a codec file is missing or damaged, or qualities are asked of codecs that have
            none; before anything is measured.
        EmptyDataset: if there is no picture.
        ResultsError: if ``output`` holds something else, or scores of other pictures.
    """
    with _folder_for_files(output, keep=keep) as files:
        pictures = _pictures(images, without=files)
        before = None if force or not output.exists() else read_results(output)
        if before is not None:
            _check_same_pictures(before, pictures, output)
        known = before.points if before is not None else ()
        candidates = codec_candidates(
            codecs, label=label, max_pixels=max_pixels, before=known, qualities=qualities
        )
        candidates += anchor_candidates(anchors)
        tally = Tally(output, images, before)
        beside = output.parent if keep else None
        names = {picture.name for picture in pictures}
        todo = [(c, _unmeasured(tally.open(c.point, names), pictures, beside)) for c in candidates]
        total = sum(len(left) for _, left in todo)
        if total == 0 and before is not None:
            return before
        tally.write()  # what cannot be written should fail now rather than after hours
        step = Step(0, total, len(candidates) * len(pictures) - total, "", "", "")
        try:
            for candidate, left in todo:
                measure = Measuring(candidate, files=files, beside=beside, max_pixels=max_pixels)
                for picture in left:
                    step = _at(step, candidate, picture)
                    tell(step)
                    outcome = measure(picture)
                    tally.add(candidate.point, outcome)
                    step = step._replace(done=step.done + 1)
                    if isinstance(outcome, Failure):
                        tell(step._replace(failure=outcome))
        finally:
            tally.write()
        tell(step._replace(curve="", setting="", image=""))
        return tally.results()


def _at(step: Step, candidate: Candidate, picture: Picture) -> Step:
    return step._replace(curve=candidate.point.curve, setting=candidate.point.setting, image=picture.name)


@contextmanager
def _folder_for_files(output: Path, *, keep: bool) -> Iterator[Path]:
    if keep:
        yield output.parent / f"{output.stem}.files"
    else:
        with tempfile.TemporaryDirectory(prefix="litcodec-") as folder:
            yield Path(folder)


def _pictures(images: Path, *, without: Path) -> list[Picture]:
    """The pictures in a folder, except those that an evaluation has put there itself."""
    ours = without.resolve()
    paths = [path for path in list_images(images) if ours not in path.resolve().parents]
    if not paths:
        raise EmptyDataset(f"No photograph in {images}, only the coded files in {without}.")
    return [Picture(path.relative_to(images).as_posix(), path, _sha256(path)) for path in paths]


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""  # reading the picture will say why


def _check_same_pictures(before: Results, pictures: Sequence[Picture], output: Path) -> None:
    """A picture more does no harm; means over some that are gone or have changed would be of nothing."""
    here = {picture.name: picture.sha256 for picture in pictures}
    for score in (score for point in before.points for score in point.scores):
        if here.get(score.image) != score.sha256:
            what = "has changed since" if score.image in here else "is not among these"
            raise ResultsError(
                f"{output} holds scores of other pictures: {score.image} of {before.images} {what}. "
                "Write to another file with -o, or start anew with --force."
            )


def _unmeasured(point: Point, pictures: Sequence[Picture], beside: Path | None) -> list[Picture]:
    """Those without a score, or whose coded file is wanted (``beside`` is given) and gone."""
    done = {score.image for score in point.scores if beside is None or _is_there(score, beside)}
    return [picture for picture in pictures if picture.name not in done]


def _is_there(score: Score, beside: Path) -> bool:
    path = beside / score.file
    return score.file != "" and path.is_file() and path.stat().st_size == score.bytes
