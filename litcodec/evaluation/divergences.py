"""Metrics of sets of images: features of the originals once, of each codec's decoded images in turn."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from litcodec.data import read_image
from litcodec.errors import LitcodecError, ResultsError
from litcodec.evaluation.measure_file import FileMeasurer, ImageFile
from litcodec.evaluation.results import Point
from litcodec.evaluation.results_file import MOST_OF_METRICS
from litcodec.metrics import Divergence, SetMetric, check_patches, divergence


class SetMeasurer:
    """Measures how far decoded images are, as a set, from the originals.

    Args:
        metrics: of sets of images; with none of them no image is read.
        images: the originals. What cannot be read is left out, as it gets no score either.
        max_pixels: larger images are left out.

    Raises:
        ShapeError: if a metric needs more patches than there are; before anything is coded.
    """

    def __init__(self, metrics: Sequence[SetMetric], images: Sequence[ImageFile], *, max_pixels: int) -> None:
        self.metrics = tuple(metrics)
        self.images = {image.name: image for image in images}
        self._originals: dict[str, list[Tensor]] = {}  # by image, for each metric
        for image in images if metrics else ():
            try:
                x = read_image(image.path, max_pixels=max_pixels)
            except (LitcodecError, OSError):
                continue
            self._originals[image.name] = self._features(x)
        for k, metric in enumerate(self.metrics):
            check_patches(metric, [features[k] for features in self._originals.values()])

    def missing(self, point: Point) -> bool:
        """Whether ``point`` lacks a value."""
        return not {metric.name for metric in self.metrics} <= {found.metric for found in point.divergences}

    def __call__(self, point: Point, measure: FileMeasurer) -> tuple[Divergence, ...]:
        """The values of one codec at one setting, over the images that it has scores of.

        Args:
            point: with its scores.
            measure: what measured them, for their decoded images.

        Returns:
            One for each metric, and those of other metrics that ``point`` has; without those for which too
            few images were scored.

        Raises:
            ResultsError: if a value is not finite.
        """
        scores = [score for score in point.scores if score.image in self._originals]
        decoded = [self._features(measure.decoded(self.images[s.image], s.bytes)) for s in scores]
        others = [d for d in point.divergences if d.metric not in {metric.name for metric in self.metrics}]
        found = []
        for k, metric in enumerate(self.metrics):
            originals = [self._originals[score.image][k] for score in scores]
            if sum(map(len, originals)) < metric.least_patches:
                continue  # images failed: the next run tries them, and then this
            value = divergence(metric, originals, [features[k] for features in decoded])
            _check(value, point)
            found.append(value)
        return (*others, *found)

    def _features(self, x: Tensor) -> list[Tensor]:
        with torch.no_grad():
            return [metric.features(x[None].float() / 255) for metric in self.metrics]


def _check(found: Divergence, point: Point) -> None:
    for number in (found.value, found.low, found.high, found.floor):
        if number is not None and not (math.isfinite(number) and abs(number) <= MOST_OF_METRICS):
            where = f"{point.curve}, {point.setting}"
            raise ResultsError(f"{found.metric} of {where} is {number:g}, which no results file holds.")
