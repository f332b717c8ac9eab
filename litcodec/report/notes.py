"""What curves were measured on, and what a reader of a report has to know about it."""

import math
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from litcodec.anchors import KODAK, is_kodak
from litcodec.evaluation.curves import Curve
from litcodec.evaluation.merging import Measured
from litcodec.evaluation.results import Machine, Results, Score

Pictures = Mapping[str, frozenset[str]]  # by name of the curve


def pictures_of(measured: Sequence[Measured]) -> dict[str, frozenset[str]]:
    """The pictures that all points of a curve were scored on, for each measured curve.

    By their hashes; Kodak's by their names, by which published curves are known.
    """
    sets: dict[str, frozenset[str]] = {}
    for entry in measured:
        scored = frozenset(map(_identity, entry.point.scores))
        if scored:
            sets[entry.curve] = sets.get(entry.curve, scored) & scored
    return sets


def _identity(score: Score) -> str:
    if is_kodak(score.image, (score.width, score.height)):
        return PurePosixPath(score.image).stem
    return score.sha256


def notes_on(
    curves: Sequence[Curve], measured: Sequence[Measured], pictures: Pictures, results: Sequence[Results]
) -> list[str]:
    """Why some of a report's numbers do not compare, or are means over fewer values than it seems."""
    apart = dict.fromkeys(entry.curve for entry in measured if entry.curve != entry.point.curve)
    notes = [f"{name} is drawn apart: the same settings gave something else before." for name in apart]
    published = [curve.name for curve in curves if curve.kind == "published"]
    ours = {curve.name: pictures[curve.name] for curve in curves if curve.kind != "published"}
    if published and set(ours.values()) != {KODAK}:
        notes.append(
            "Published curves are means over the 24 pictures of Kodak; not all others were measured on these."
        )
    if published and any(point.ms_ssim_db is not None for curve in curves for point in curve.points):
        notes.append(
            "MS-SSIM in dB is the mean of the pictures' dB, of published curves the dB of the mean, which "
            "is lower: BD-rates against these take the latter of both curves, figures draw what was given."
        )
    counts = {point.images for curve in curves if curve.kind != "published" for point in curve.points}
    if len(set(ours.values())) > 1 or len(counts) > 1:
        notes.append(
            "Not all points were measured on the same pictures, so their means do not quite compare; "
            f"{_range(sorted(counts))} pictures a point."
        )
    scores = [score for entry in measured for score in entry.point.scores]
    lossless = sum(math.isinf(score.psnr_rgb) for score in scores)
    small = sum(math.isnan(score.ms_ssim) for score in scores)
    if lossless:
        notes.append(f"{_files(lossless)} lost nothing: without a finite PSNR, out of the means of PSNR.")
    if small:
        notes.append(f"{_files(small)} of pictures too small for MS-SSIM: out of its means.")
    notes += _other_machines(measured, results)
    return notes


def _other_machines(measured: Sequence[Measured], results: Sequence[Results]) -> list[str]:
    first = _times_of(results[0].machine)
    others = [k for k, result in enumerate(results) if _times_of(result.machine) != first]
    curves = dict.fromkeys(entry.curve for entry in measured if entry.origin in others)
    if not curves:
        return []
    return [f"Times of {', '.join(curves)} were measured elsewhere or otherwise: they do not compare."]


def _times_of(machine: Machine) -> tuple[str, int, str]:
    """What times depend on most."""
    return machine.cpu, machine.threads, machine.device


def _range(counts: Sequence[int]) -> str:
    return str(counts[0]) if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"
