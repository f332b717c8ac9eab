"""Notes below a report: what curves were measured on, and what a reader has to know."""

import math
from collections.abc import Mapping, Sequence

from litcodec.baselines import KODAK
from litcodec.evaluation.curves import Curve
from litcodec.evaluation.image_sets import ImageCurve
from litcodec.evaluation.merging import Measured
from litcodec.evaluation.results import Machine, Results
from litcodec.report.bd_table import anchors_of


def notes_on(
    curves: Sequence[Curve],
    measured: Sequence[Measured],
    images: Mapping[str, ImageCurve],
    results: Sequence[Results],
) -> list[str]:
    """Why some of a report's numbers do not compare, or are means over fewer values than it seems."""
    apart = dict.fromkeys(entry.curve for entry in measured if entry.curve != entry.point.curve)
    notes = [f"{name} is drawn apart: the same settings gave something else before." for name in apart]
    published = [curve.name for curve in curves if curve.kind == "published"]
    sets = {curve.asked for curve in images.values()}
    if published and sets != {KODAK}:
        notes.append(
            "Published curves are means over the 24 images of Kodak; not all others were measured on these."
        )
    if published and any("ms_ssim_db" in point.scores for curve in curves for point in curve.points):
        notes.append(
            "MS-SSIM in dB is the mean of the images' dB, of published curves the dB of the mean, which "
            "is lower: BD-rates against these take the latter of both curves, figures draw what was given."
        )
    counts = {point.images for curve in curves if curve.kind != "published" for point in curve.points}
    if len(sets) > 1 or len(counts) > 1:
        notes.append(
            "Not all points were measured on the same images, so their means do not quite compare; "
            f"{_range(sorted(counts))} images a point."
        )
    if len(anchors_of(curves)) < len(curves):
        notes.append(
            f"Of {len(curves)} curves, BD-rates are against {len(anchors_of(curves))}: "
            "baselines and published ones first."
        )
    scores = [score for entry in measured for score in entry.point.scores]
    lossless = sum(math.isinf(score.values.get("psnr", 0.0)) for score in scores)
    small = sum(math.isnan(score.values.get("ms_ssim", 0.0)) for score in scores)
    if lossless:
        notes.append(f"{_files(lossless)} lost nothing: without a finite PSNR, out of the means of PSNR.")
    if small:
        notes.append(f"{_files(small)} of images too small for MS-SSIM, which leaves them out of its means.")
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
