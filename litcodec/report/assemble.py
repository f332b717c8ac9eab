"""Turns results files into the data of a report."""

from collections.abc import Callable, Sequence
from pathlib import Path

from litcodec.baselines import KODAK
from litcodec.errors import ResultsError
from litcodec.evaluation import read_results
from litcodec.evaluation.curves import Curve, measured_curves, published
from litcodec.evaluation.image_sets import image_curves
from litcodec.evaluation.lossless import lossless_points
from litcodec.evaluation.merging import Measured, merge_points
from litcodec.limits import MAX_PIXELS, VIEWER_IMAGES
from litcodec.report.bd_table import bd_table
from litcodec.report.choices import judgements_of, notes_on_choices, preferences, read_choices
from litcodec.report.data import ImageRow, ReportData
from litcodec.report.decoding import Source
from litcodec.report.notes import notes_on
from litcodec.report.numbers import finite
from litcodec.report.planes import planes_of
from litcodec.report.viewer_images import gallery

# Drawn without being asked for where they compare: over Kodak's images.
USUAL_PUBLISHED = ("vtm", "hm", "bpg_444_x265_ycbcr")


def report_data(
    paths: Sequence[Path],
    *,
    overlay: Sequence[str] | None = None,
    images: int = VIEWER_IMAGES,
    title: str | None = None,
    choices: Sequence[Path] = (),
    max_pixels: int = MAX_PIXELS,
    device: str = "cpu",
    progress: Callable[[float], None] = lambda share: None,
) -> ReportData:
    """Everything of one or more evaluations.

    Args:
        paths: results files. Points of one curve are joined, see ``merge_points``.
        overlay: names of published curves to draw too; if not given, some usual ones where all was measured
            on Kodak, and none elsewhere.
        images: how many the viewer shows.
        title: of the report.
        choices: files of the page's blind comparison.
        max_pixels: larger images are not shown, whatever the results say of their size.
        device: where learned codecs decode them.
        progress: called with the fraction of the images that is done.

    Raises:
        ResultsError: if a file is damaged, no image was scored in any, or a published curve is unknown.
    """
    judged = [read_choices(path) for path in choices]
    results = [read_results(path) for path in paths]
    measured = merge_points(results, _labels(paths))
    found = measured_curves(measured)
    if not found:
        raise ResultsError(f"no image was scored in {', '.join(map(str, paths))}. Evaluate again.")
    place = {curve.name: k for k, curve in enumerate(found)}
    measured = tuple(sorted(measured, key=lambda entry: place.get(entry.curve, len(place))))
    curves_by_image = image_curves(measured)
    if overlay is None:
        overlay = USUAL_PUBLISHED if {curve.asked for curve in curves_by_image.values()} == {KODAK} else ()
    drawn = published(overlay)
    curves = found + drawn
    of_images = tuple({metric.name: metric for result in results for metric in result.metrics}.values())
    of_sets = tuple({metric.name: metric for result in results for metric in result.set_metrics}.values())
    sources = [Source(result, path.parent) for result, path in zip(results, paths, strict=True)]
    shown = gallery(measured, sources, count=images, max_pixels=max_pixels, device=device, progress=progress)
    perception = planes_of(measured, of_sets)
    folders = list(dict.fromkeys(result.images for result in results))
    return ReportData(
        title=title or f"Rate and distortion on {', '.join(Path(folder).name for folder in folders)}",
        created=max(result.created for result in results),
        images=", ".join(folders),
        machine=results[0].machine,
        metrics=of_images + of_sets,
        curves=curves,
        bd=bd_table([curve for curve in curves if _has_distortion(curve)], curves_by_image, of_images),
        rows=_rows(measured),
        viewer_images=shown.images,
        failures=tuple(
            (f"{entry.curve}, {entry.point.setting}", failure)
            for entry in measured
            for failure in entry.point.failures
        ),
        lossless=lossless_points(measured),
        notes=(
            *notes_on(curves, measured, curves_by_image, results),
            *shown.notes,
            *perception.notes,
            *notes_on_choices(judged, curves_by_image),
        ),
        perception=perception,
        preferences=preferences([judgements_of(one, curves_by_image) for one in judged]),
    )


def _has_distortion(curve: Curve) -> bool:
    """Whether there is anything to compare: a lossless codec has no finite PSNR."""
    return any(point.scores.get("psnr") is not None or "psnr" not in point.counts for point in curve.points)


def _labels(paths: Sequence[Path]) -> list[str]:
    """What to call each file in the name of a curve that another file has too."""
    stems = [path.stem for path in paths]
    return stems if len(set(stems)) == len(stems) else [path.with_suffix("").as_posix() for path in paths]


def _rows(measured: Sequence[Measured]) -> tuple[ImageRow, ...]:
    return tuple(
        ImageRow(
            curve=entry.curve,
            setting=entry.point.setting,
            image=score.image,
            bytes=score.bytes,
            bpp=score.bpp,
            scores={name: finite(value) for name, value in score.values.items()},
            encode_s=score.encode_s,
            decode_s=score.decode_s,
        )
        for entry in measured
        for score in entry.point.scores
    )
