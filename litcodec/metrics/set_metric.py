"""A metric of a set of images: how far decoded images are, as a distribution, from the originals.

No single image has such a value (Blau and Michaeli, "The perception-distortion tradeoff", CVPR 2018,
https://arxiv.org/abs/1711.06077): a set's is the distance between features of all its patches, of the
originals and decoded.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from litcodec.errors import ShapeError
from litcodec.metrics.metric import MetricInfo

RESAMPLES = 100  # of the bootstrap
SPLITS = 10  # of the originals into halves
COVERED = 0.95  # by the interval


class SetMetric(NamedTuple):
    """A distance between two sets of images: ``MetricInfo``'s fields and two functions. Lower is better.

    ``features(x)`` takes an image (1, 3, H, W) in [0, 1] and returns (n, d), a row for each of its patches,
    none if it is too small for one. ``distance(a, b)`` takes the rows of two sets, (n, d) and (m, d).
    """

    name: str
    label: str
    unit: str
    digits: int
    features: Callable[[Tensor], Tensor]
    distance: Callable[[Tensor, Tensor], float]
    least_patches: int  # fewer say nothing, and are refused

    @property
    def info(self) -> MetricInfo:
        """All but the functions."""
        return MetricInfo(self.name, self.label, self.unit, False, self.digits)


class Divergence(NamedTuple):
    """The value of a set metric for the decoded images of one codec at one setting."""

    metric: str  # its name
    value: float
    low: float  # the 95 % interval of a bootstrap over images
    high: float
    floor: float | None  # between two halves of the originals, mean over splits; None of a single image
    images: int
    patches: int


def check_patches(metric: SetMetric, originals: Sequence[Tensor]) -> None:
    """Check that there are enough patches.

    Args:
        metric: of which.
        originals: features of each image, (n, d).

    Raises:
        ShapeError: if there are too few; it says how many.
    """
    patches = sum(len(rows) for rows in originals)
    if patches < metric.least_patches:
        raise ShapeError(
            f"{metric.name} is a distance between distributions and needs {metric.least_patches:,} patches; "
            f"these {len(originals):,} images have {patches:,}. Give more images, or leave it out."
        )


def divergence(
    metric: SetMetric, originals: Sequence[Tensor], decoded: Sequence[Tensor], *, seed: int = 0
) -> Divergence:
    """The distance between originals and decoded images, its bootstrap interval and its floor.

    Images, not patches, are resampled: patches of one image are not independent draws. An original and what
    it was decoded to are drawn together.

    Args:
        metric: of which.
        originals: features of each image, (n, d).
        decoded: features of the same images, decoded.
        seed: of resampling and splitting.

    Raises:
        ShapeError: if there are too few patches.
    """
    check_patches(metric, originals)
    having = [k for k, rows in enumerate(originals) if len(rows)]
    a, b = ([features[k] for k in having] for features in (originals, decoded))
    generator = torch.Generator().manual_seed(seed)
    resampled = []
    for _ in range(RESAMPLES):
        drawn = torch.randint(len(a), (len(a),), generator=generator).tolist()
        resampled.append(metric.distance(torch.cat([a[k] for k in drawn]), torch.cat([b[k] for k in drawn])))
    tails = torch.tensor([(1 - COVERED) / 2, (1 + COVERED) / 2], dtype=torch.float64)
    low, high = torch.tensor(resampled, dtype=torch.float64).quantile(tails).tolist()
    value = metric.distance(torch.cat(a), torch.cat(b))
    patches = sum(map(len, a))
    return Divergence(metric.name, value, low, high, _floor(metric, a, generator), len(originals), patches)


def _floor(metric: SetMetric, images: Sequence[Tensor], generator: torch.Generator) -> float | None:
    """What the metric finds between originals and other originals."""
    if len(images) < 2:
        return None
    found = []
    for _ in range(SPLITS):
        order = torch.randperm(len(images), generator=generator).tolist()
        halves = order[: len(order) // 2], order[len(order) // 2 :]
        found.append(metric.distance(*(torch.cat([images[k] for k in half]) for half in halves)))
    return sum(found) / len(found)
