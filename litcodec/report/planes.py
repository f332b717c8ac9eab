"""Perception-distortion planes: what was measured at one rate, by its MSE and by its distance as a set.

Blau and Michaeli, "The perception-distortion tradeoff", CVPR 2018, https://arxiv.org/abs/1711.06077, and
"Rethinking lossy compression", ICML 2019, https://arxiv.org/abs/1901.07821: at a rate, a decoder of perfect
realism needs at most twice the lowest MSE. MSE, not PSNR: in MSE the bound is a factor.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch

from litcodec.evaluation.curve_names import with_realism, without_realism
from litcodec.evaluation.merging import Measured
from litcodec.evaluation.results import Point
from litcodec.metrics import MetricInfo

MATCHED = 1.02  # highest rate over lowest rate of what may be compared
RESAMPLES = 1000  # of the images, for the interval of MSE
TAILS = (0.025, 0.975)
PEAK = 255.0
BOUND = 2.0  # times the lowest MSE
MOST_PLANES = 24


class PlanePoint(NamedTuple):
    """One codec at one setting. Intervals are of 95 %, by bootstrap over images."""

    curve: str
    setting: str
    bpp: float
    mse: float  # of 8-bit levels, mean over the images
    mse_low: float
    mse_high: float
    divergence: float
    low: float
    high: float


class Plane(NamedTuple):
    """Points that may be compared: of the same images, at rates within 2 %."""

    metric: MetricInfo  # the divergence
    images: int
    floor: float | None  # the divergence between two halves of the originals
    points: tuple[PlanePoint, ...]  # curve by curve, by rising MSE

    @property
    def rates(self) -> tuple[float, float]:
        """Lowest and highest bits per pixel."""
        return min(point.bpp for point in self.points), max(point.bpp for point in self.points)

    @property
    def mse_bound(self) -> float:
        """Twice the lowest MSE: the most that perfect realism costs an optimal decoder at this rate."""
        return BOUND * min(point.mse for point in self.points)

    @property
    def title(self) -> str:
        """Its rate in words: "0.301 bpp", "0.300 to 0.305 bpp"."""
        low, high = (f"{rate:.3f}" for rate in self.rates)
        return f"{low} bpp" if low == high else f"{low} to {high} bpp"


class Planes(NamedTuple):
    """All planes of a report, and what is in none of them."""

    planes: tuple[Plane, ...]  # by metric, then by rising rate
    alone: tuple[tuple[MetricInfo, PlanePoint], ...]  # without another point within 2 % of its rate
    left_out: int = 0  # planes beyond the most that a report has

    @property
    def notes(self) -> list[str]:
        """What is not shown, in words."""
        shown = len(self.planes)
        every = shown + self.left_out
        return [f"Of {every} planes the {shown} with most points are shown."] if self.left_out else []


def planes_of(measured: Sequence[Measured], metrics: Sequence[MetricInfo]) -> Planes:
    """The planes of merged points; a codec's curves at several realism values are one.

    A point whose rate is within 2 % of several others may be in more than one plane; none is part of another.

    Args:
        measured: with divergences and PSNR; others are left out.
        metrics: of sets of images.
    """
    planes: list[Plane] = []
    alone: list[tuple[MetricInfo, PlanePoint]] = []
    names = _one_for_all_realism(measured)
    for metric in metrics:
        sets: dict[frozenset[str], list[tuple[PlanePoint, float | None]]] = {}
        for entry in measured:
            for point, floor in _plane_points(entry, names[entry.curve], metric.name):
                images = frozenset(score.sha256 for score in entry.point.scores)
                sets.setdefault(images, []).append((point, floor))
        for images, found in sets.items():
            floor = next((floor for _, floor in found if floor is not None), None)
            for group in _at_one_rate([point for point, _ in found]):
                if len(group) == 1:
                    alone.append((metric, group[0]))
                else:
                    planes.append(Plane(metric, len(images), floor, tuple(_by_curve(group, measured))))
    place = {metric.name: k for k, metric in enumerate(metrics)}
    largest = sorted(planes, key=lambda plane: -len(plane.points))[:MOST_PLANES]
    shown = sorted(largest, key=lambda plane: (place[plane.metric.name], plane.rates))
    return Planes(tuple(shown), tuple(alone), len(planes) - len(shown))


def _plane_points(entry: Measured, curve: str, metric: str) -> Iterator[tuple[PlanePoint, float | None]]:
    """The point of one codec at one setting, and the floor; nothing if it lacks a value."""
    point = entry.point
    errors = _errors(point)
    for found in point.divergences:
        if found.metric == metric and errors:
            each = torch.tensor(errors, dtype=torch.float64)
            drawn = torch.randint(
                len(each), (RESAMPLES, len(each)), generator=torch.Generator().manual_seed(0)
            )
            low, high = each[drawn].mean(1).quantile(each.new_tensor(TAILS)).tolist()
            rate = sum(score.bpp for score in point.scores) / len(point.scores)
            values = (rate, float(each.mean()), low, high, found.value, found.low, found.high)
            yield PlanePoint(curve, with_realism(point.setting, point.realism), *values), found.floor


def _errors(point: Point) -> list[float]:
    """The MSE of each image; () if one has no PSNR."""
    values = [score.values.get("psnr", math.nan) for score in point.scores]
    if any(math.isnan(value) for value in values):
        return []
    return [PEAK**2 * 10 ** (-value / 10) for value in values]  # 0 for a PSNR of inf


def _at_one_rate(points: Sequence[PlanePoint]) -> Iterator[list[PlanePoint]]:
    """The largest groups of points whose rates are within 2 %."""
    ordered = sorted(points, key=lambda point: point.bpp)
    rates = [point.bpp for point in ordered]
    end = 0
    for k, rate in enumerate(rates):
        after = bisect_right(rates, MATCHED * rate)
        if after > end:  # else it is part of the group before
            end = after
            yield ordered[k:after]


def _by_curve(points: Sequence[PlanePoint], measured: Sequence[Measured]) -> list[PlanePoint]:
    place = {name: k for k, name in enumerate(dict.fromkeys(entry.curve for entry in measured))}
    return sorted(points, key=lambda point: (place[point.curve], point.mse))


def _one_for_all_realism(measured: Sequence[Measured]) -> dict[str, str]:
    """By the name of each curve, that of the same codec's curve at the lowest realism that was measured."""
    lowest: dict[str, str] = {}
    return {
        entry.curve: lowest.setdefault(without_realism(entry.curve, entry.point.realism), entry.curve)
        for entry in sorted(measured, key=lambda entry: entry.point.realism)
    }
