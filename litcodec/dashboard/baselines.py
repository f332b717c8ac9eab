"""Baselines for a run's rate-distortion points, measured on the same images."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from litcodec.baselines import KODAK, is_kodak, open_baselines
from litcodec.baselines.base import Baseline
from litcodec.dashboard.validation_images import ValidationImages, folder_of_images
from litcodec.data import image_size
from litcodec.errors import CurveError, TooLarge
from litcodec.evaluation import Results, evaluate
from litcodec.evaluation.curves import Curve, curves_of, published
from litcodec.evaluation.image_sets import ImagePoint
from litcodec.metrics import SHIPPED, Metric, RDCurve, bd_rate, bd_rate_of_images, ms_ssim_db

PUBLISHED = ("vtm", "hm", "jpeg2000", "jpeg")
KODAK_BASIS = "24 Kodak images; baselines as published (MS-SSIM: dB of the mean)"
QUALITIES = 6  # of a measured baseline: enough for a curve, and soon done
BD_METRICS = {"psnr": "bd_rate", "ms_ssim_db": "bd_rate_ms_ssim"}  # others are "bd_rate_<metric>"
Images = Mapping[str, Sequence[ImagePoint]]  # by name of the image, its points at several rates


class FewQualities:
    """A baseline at ``QUALITIES`` of its qualities.

    Args:
        baseline: with all of them.
    """

    def __init__(self, baseline: Baseline) -> None:
        self.baseline = baseline
        self.name, self.key = baseline.name, baseline.key
        self.suffix, self.source = baseline.suffix, baseline.source
        last = len(baseline.qualities) - 1
        chosen = sorted({round(k * last / (QUALITIES - 1)) for k in range(QUALITIES)})
        self.qualities = tuple(baseline.qualities[k] for k in chosen)

    def setting(self, quality: float) -> str:
        """A quality in the words of the baseline."""
        return self.baseline.setting(quality)

    def compress(self, x: Tensor, quality: float) -> bytes:
        """Code ``x``, (3, H, W) uint8 RGB, with the baseline."""
        return self.baseline.compress(x, quality)

    def decompress(self, data: bytes) -> Tensor:
        """Decode a file of the baseline to (3, H, W), uint8 RGB."""
        return self.baseline.decompress(data)


class BaselineCurve(NamedTuple):
    """A curve to compare with."""

    key: str  # short: "vtm", "jpeg"
    curve: Curve
    images: Images  # empty for published curves, whose single images nobody gave


class BaselineCurves(NamedTuple):
    """Curves to compare with."""

    found: tuple[BaselineCurve, ...]
    basis: str  # what all of them are means over
    missing: tuple[str, ...] = ()  # not installed, one line each
    results: Path | None = None  # where the measured ones are kept


def baselines_for(
    validated: ValidationImages,
    keys: Sequence[str],
    cache: Path,
    *,
    max_megapixels: float,
    metrics: Sequence[Metric] = SHIPPED,
) -> BaselineCurves:
    """Published curves if the images are Kodak's 24, which these are means over; else measured ones.

    Args:
        validated: what the points to be compared are means over.
        keys: of ``litcodec.baselines``, or class paths; measured at ``QUALITIES`` rates.
        cache: folder that keeps what was measured, by checksum of the images.
        max_megapixels: measure on no more than this altogether.
        metrics: that are measured.

    Raises:
        TooLarge: if the images have more.
        LitcodecError: if a key is unknown or the measuring fails.
        OSError: if the cache cannot be written.
    """
    if are_kodak(validated.paths):
        curves = {name: published((name,)) for name in PUBLISHED}
        drawn = tuple(BaselineCurve(name, curve, {}) for name, found in curves.items() for curve in found[:1])
        return BaselineCurves(drawn, KODAK_BASIS)
    megapixels = sum(W * H for W, H in map(image_size, validated.paths)) / 1e6
    if megapixels > max_megapixels:
        raise TooLarge(
            f"baselines would take long on {megapixels:.1f} megapixels of images; the limit is "
            f"max_megapixels={max_megapixels:g}. Raise it, or use litcodec evaluate --baselines."
        )
    opened = open_baselines(keys)
    place = cache / validated.digest()
    results = place / "baselines.json"
    few = [FewQualities(baseline) for baseline in opened.found]
    measured = evaluate((), folder_of_images(validated, place), results, baselines=few, metrics=metrics)
    asked = {baseline.name: baseline.key for baseline in opened.found}
    images = _by_image(measured)
    drawn = tuple(
        BaselineCurve(asked[c.name], c, images[c.name]) for c in curves_of([measured]) if c.name in asked
    )
    basis = f"{len(validated.names)} validation images; baselines measured on the same"
    return BaselineCurves(drawn, basis, opened.missing, results)


def are_kodak(paths: Sequence[Path]) -> bool:
    """Whether these are Kodak's 24 images, by their names and sizes."""
    return (
        len(paths) == len(KODAK)
        and {path.stem for path in paths} == KODAK
        and all(is_kodak(path, image_size(path)) for path in paths)
    )


def bd_rates(
    baselines: Sequence[BaselineCurve], curve: Curve, images: Images, metrics: Sequence[Metric]
) -> dict[str, float]:
    """How many percent more bits ``curve`` needs than each baseline, where four points overlap.

    Args:
        baselines: to compare with.
        curve: of the run and its siblings.
        images: its points image by image.
        metrics: whose qualities are to be equal.

    Returns:
        ``bd_rate/<key>`` of the mean curves at equal PSNR, ``bd_rate_ms_ssim/<key>`` at equal MS-SSIM in dB,
        ``bd_rate_<metric>/<key>`` of other metrics; and for measured baselines the mean of single images'
        BD-rates as ``…_images/<key>``, its standard deviation ``…_images_std/<key>``, and its number of
        images, ``…_images_count/<key>``.
    """
    found = {}
    names = {metric.name for metric in metrics}
    for metric in metrics:
        if metric.name == "psnr_luma" or (metric.name == "ms_ssim" and "ms_ssim_db" in names):
            continue
        name = BD_METRICS.get(metric.name, f"bd_rate_{metric.name}")
        for baseline in baselines:
            try:
                pairs = baseline.curve.pairs(metric.name), curve.pairs(metric.name)
                better = metric.higher_is_better
                curves = [RDCurve(points, higher_is_better=better) for points in pairs]
                found[f"{name}/{baseline.key}"] = bd_rate(*curves).value
                each = bd_rate_of_images(_image_pairs(baseline.images, images, metric))
            except CurveError:  # too few points yet, or no overlap: nothing to say
                continue
            found[f"{name}_images/{baseline.key}"] = each.value
            found[f"{name}_images_count/{baseline.key}"] = float(each.images)
            if each.images > 1:
                found[f"{name}_images_std/{baseline.key}"] = each.std
    return found


def _image_pairs(anchor: Images, test: Images, metric: Metric) -> list[tuple[RDCurve, RDCurve]]:
    pairs = []
    for image in sorted(anchor.keys() & test.keys()):
        try:
            pairs.append((_image_curve(anchor[image], metric), _image_curve(test[image], metric)))
        except CurveError:
            continue
    return pairs


def _image_curve(points: Sequence[ImagePoint], metric: Metric) -> RDCurve:
    pairs = [(point.bpp, point.scores.get(metric.name, math.nan)) for point in points]
    finite = [pair for pair in pairs if math.isfinite(pair[1])]
    return RDCurve(finite, higher_is_better=metric.higher_is_better)


def _by_image(results: Results) -> dict[str, dict[str, list[ImagePoint]]]:
    """By curve and image, the points of all settings."""
    found: dict[str, dict[str, list[ImagePoint]]] = {}
    for point in results.points:
        for score in point.scores:
            curve = found.setdefault(point.curve, {})
            curve.setdefault(score.image, []).append(ImagePoint(score.bpp, score.values))
    return found


def comparable(curve: Curve, baselines: BaselineCurves) -> Curve:
    """``curve`` with means of the kind that the baselines are.

    What is published is the dB of the mean MS-SSIM; ours is the mean of the images' dB, which is higher.
    """
    if not any(baseline.curve.kind == "published" for baseline in baselines.found):
        return curve
    points = (
        point
        if "ms_ssim" not in point.scores
        else point._replace(scores={**point.scores, "ms_ssim_db": ms_ssim_db(point.scores["ms_ssim"])})
        for point in curve.points
    )
    return curve._replace(points=tuple(points))
