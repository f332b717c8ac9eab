"""BD-rates over equal sets of images: of the mean curves, and the mean of single images' BD-rates.

An image that a codec failed on, was not scored on yet, or coded losslessly (PSNR inf) leaves the set for
every curve that is compared, so that all numbers of one table are over the same images.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from litcodec.baselines import KODAK, is_kodak
from litcodec.errors import CurveError
from litcodec.evaluation.curves import Curve
from litcodec.evaluation.merging import Measured
from litcodec.evaluation.results import Score
from litcodec.metrics import (
    BDDelta,
    BDOfImages,
    MetricInfo,
    RDCurve,
    bd_quality,
    bd_rate,
    bd_rate_of_images,
    mean_of_finite,
    ms_ssim_db,
)


class ImagePoint(NamedTuple):
    """One image at one setting."""

    bpp: float
    scores: Mapping[str, float]


class ImageCurve(NamedTuple):
    """A measured curve, image by image."""

    name: str
    asked: frozenset[str]  # images scored or failed at any setting
    settings: tuple[Mapping[str, ImagePoint], ...]  # by image, for each setting


class Comparison(NamedTuple):
    """One curve against another."""

    rate: BDDelta  # of the mean curves, percent
    quality: float | None  # the mean difference of quality; None where no rate is covered by both
    of_images: BDOfImages | None  # None for published curves, whose single images nobody gave
    images: int  # that both mean curves are over
    all_images: int  # that were to be measured


def image_curves(measured: Sequence[Measured]) -> dict[str, ImageCurve]:
    """Measured curves image by image, by name; curves without a score are left out.

    Images are known by their hashes; Kodak's by their names, by which published curves are known.
    """
    curves: dict[str, list[Measured]] = {}
    for entry in measured:
        if entry.point.scores:
            curves.setdefault(entry.curve, []).append(entry)
    # A file that failed has no hash: it is found by what another codec scored under its name.
    known = {score.image: image_identity(score) for entry in measured for score in entry.point.scores}
    return {
        name: ImageCurve(
            name,
            frozenset(
                known.get(image, image)
                for entry in entries
                for image in (
                    *(score.image for score in entry.point.scores),
                    *(failure.image for failure in entry.point.failures),
                )
            ),
            tuple(
                {image_identity(score): ImagePoint(score.bpp, score.values) for score in entry.point.scores}
                for entry in entries
            ),
        )
        for name, entries in curves.items()
    }


def image_identity(score: Score) -> str:
    """What an image is known by: a Kodak image's name, else its hash."""
    if is_kodak(score.image, (score.width, score.height)):
        return PurePosixPath(score.image).stem
    return score.sha256


class EqualSets:
    """Compares curves of one metric over the images that all of them have.

    Args:
        curves: of one report.
        images: its measured curves, image by image.
        metric: what quality is.
    """

    def __init__(self, curves: Sequence[Curve], images: Mapping[str, ImageCurve], metric: MetricInfo) -> None:
        self.curves = {curve.name: curve for curve in curves}
        self.images = images
        self.metric = metric
        self._common = self._common_sets()
        self._means: dict[tuple[str, bool], RDCurve | CurveError] = {}
        self._single: dict[str, dict[str, RDCurve]] = {}

    def compare(self, anchor: str, test: str) -> Comparison:
        """How many more bits ``test`` takes than ``anchor``.

        Raises:
            CurveError: if they cannot be compared; in words.
        """
        ours, theirs = self._asked(test), self._asked(anchor)
        if ours != theirs:
            few, many = sorted((len(ours), len(theirs)))
            raise CurveError(
                f"measured on different images: {few} and {many}, {len(ours & theirs)} in common."
            )
        measured = [name for name in (anchor, test) if name in self.images]
        common = self._common.get(ours, frozenset()) if measured else ours
        if len(measured) == 1 and common != ours:
            raise CurveError(f"published over {len(ours)} images, {len(common)} of them have a value.")
        if not common:
            raise CurveError(f"no image of {len(ours)} has a finite {self.metric.label} under all codecs.")
        of_means = len(measured) < 2
        curves = self._mean_curve(anchor, of_means, "anchor"), self._mean_curve(test, of_means, "test")
        rate = bd_rate(*curves)
        try:
            quality = bd_quality(*curves).value
        except CurveError:  # equal qualities, but at rates that are nowhere equal
            quality = None
        of_images = self._of_images(anchor, test) if len(measured) == 2 else None
        return Comparison(rate, quality, of_images, len(common), len(ours))

    def _asked(self, name: str) -> frozenset[str]:
        return self.images[name].asked if name in self.images else KODAK

    def _common_sets(self) -> dict[frozenset[str], frozenset[str]]:
        """For the curves that were measured on one set, the images with a finite value at every point."""
        common: dict[frozenset[str], frozenset[str]] = {}
        for name, curve in self.images.items():
            complete = self._complete(name)
            if complete:  # a curve without the metric is refused itself, not all others with it
                common[curve.asked] = common.get(curve.asked, complete) & complete
        return common

    def _complete(self, name: str) -> frozenset[str]:
        sets = [frozenset(at) for at in map(self._finite, self._used(name))]
        return frozenset.intersection(*sets) if sets else frozenset()

    def _used(self, name: str) -> list[Mapping[str, ImagePoint]]:
        """The settings at which at least one image has a finite value."""
        return [setting for setting in self.images[name].settings if self._finite(setting)]

    def _finite(self, setting: Mapping[str, ImagePoint]) -> list[str]:
        metric = self.metric.name
        return [key for key, at in setting.items() if math.isfinite(at.scores.get(metric, math.nan))]

    def _mean_curve(self, name: str, of_means: bool, which: str) -> RDCurve:
        key = name, of_means
        if key not in self._means:
            try:
                points = self._mean_points(name, of_means)
                better, unit = self.metric.higher_is_better, self.metric.unit
                self._means[key] = RDCurve(points, which, higher_is_better=better, unit=unit)
            except CurveError as error:
                self._means[key] = error
        found = self._means[key]
        if isinstance(found, CurveError):
            raise CurveError(str(found))
        return found

    def _mean_points(self, name: str, of_means: bool) -> list[tuple[float, float]]:
        metric = self.metric.name
        # Publications give the dB of the mean MS-SSIM, which lies below the mean of the images' dB.
        db_of_mean = metric == "ms_ssim_db" and of_means
        read = "ms_ssim" if db_of_mean else metric
        if name not in self.images:
            found = self.curves[name].pairs(read)
        else:
            common = self._common.get(self.images[name].asked, frozenset()) & self._complete(name)
            found = []
            for setting in self._used(name) if common else []:
                rate = mean_of_finite(setting[key].bpp for key in common)
                quality = mean_of_finite(setting[key].scores.get(read, math.nan) for key in common)
                found.append((rate.value, quality.value))
        return [(bpp, ms_ssim_db(value) if db_of_mean else value) for bpp, value in found]

    def _of_images(self, anchor: str, test: str) -> BDOfImages | None:
        ours, theirs = self._single_curves(test), self._single_curves(anchor)
        pairs = [(theirs[image], ours[image]) for image in sorted(ours.keys() & theirs.keys())]
        try:
            return bd_rate_of_images(pairs)
        except CurveError:
            return None

    def _single_curves(self, name: str) -> dict[str, RDCurve]:
        """The curve of each common image that has one."""
        if name not in self._single:
            found = {}
            for image in self._common.get(self.images[name].asked, frozenset()):
                points = [
                    (setting[image].bpp, setting[image].scores[self.metric.name])
                    for setting in self._used(name)
                    if image in setting
                ]
                try:
                    found[image] = RDCurve(points, higher_is_better=self.metric.higher_is_better)
                except CurveError:
                    continue
            self._single[name] = found
        return self._single[name]
