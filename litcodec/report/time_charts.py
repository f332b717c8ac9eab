"""What time buys: BD-rate of each measured curve over the seconds that its codec takes."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Literal, NamedTuple

from litcodec.evaluation.curves import Curve
from litcodec.metrics import MetricInfo
from litcodec.report.data import BDEntry

FINE_UP_TO = 50  # an axis as long as that has ticks at 2 and 5 times powers of ten, too


class TimePoint(NamedTuple):
    """One curve."""

    curve: str
    seconds: float  # an image takes, mean over images and settings
    bd_rate: float  # percent, mean of single images' BD-rates against the anchor; 0 for the anchor itself


class TimeChart(NamedTuple):
    """The curves that have a BD-rate against one anchor."""

    task: Literal["encode", "decode"]
    metric: MetricInfo
    anchor: str
    points: tuple[TimePoint, ...]  # in the order of the report's curves

    @property
    def title(self) -> str:
        """What the chart shows."""
        return f"BD-rate over {self.task[:-1]}ing time, {self.metric.label}"

    @property
    def seconds_label(self) -> str:
        """Of the x axis, which is logarithmic."""
        return f"Seconds to {self.task} an image"

    @property
    def ticks(self) -> tuple[float, ...]:
        """1, 2 or 5 times a power of ten, or powers of ten alone, about all of the points."""
        seconds = [point.seconds for point in self.points]
        first, last = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
        fine = [step * 10.0**k for k in range(first, last + 1) for step in (1, 2, 5)]
        low = max(tick for tick in fine if tick <= min(seconds))
        high = min(tick for tick in fine if tick > max(seconds))
        if high / low > FINE_UP_TO:
            return tuple(10.0**k for k in range(first, last + 1))
        return tuple(tick for tick in fine if low <= tick <= high)

    @property
    def rate_label(self) -> str:
        """Of the y axis."""
        return f"BD-rate to {self.anchor}, %"


def time_charts(
    curves: Sequence[Curve], bd: Sequence[BDEntry], metrics: Sequence[MetricInfo]
) -> tuple[TimeChart, ...]:
    """One chart for encoding and one for decoding; none if no two curves can be compared.

    Their anchor is the baseline that beats the most other curves, or where there is no baseline the codec.

    Args:
        curves: of a report. Published ones have no times and are left out.
        bd: its BD-rates.
        metrics: of the report; the first that has BD-rates of single images is drawn.
    """
    timed = {curve.name: curve for curve in curves if _seconds(curve, "encode") is not None}
    for metric in metrics:
        rates = {
            (entry.anchor, entry.test): entry.bd_rate_images
            for entry in bd
            if entry.metric == metric.name
            and entry.bd_rate_images is not None
            and {entry.anchor, entry.test} <= timed.keys()
        }
        if rates:
            anchor = _anchor([curve for curve in curves if curve.name in timed], rates)
            shown = {name: 0.0 if name == anchor else rates.get((anchor, name)) for name in timed}
            tasks: tuple[Literal["encode", "decode"], ...] = ("encode", "decode")
            return tuple(TimeChart(task, metric, anchor, _points(timed, shown, task)) for task in tasks)
    return ()


def _anchor(curves: Sequence[Curve], rates: Mapping[tuple[str, str], float]) -> str:
    """The one against which most others need more bits; of several that against which they need the most."""

    def strength(curve: Curve) -> tuple[int, float]:
        others = [rate for (anchor, _), rate in rates.items() if anchor == curve.name]
        return sum(rate > 0 for rate in others), fmean(others)

    compared = [curve for curve in curves if any(anchor == curve.name for anchor, _ in rates)]
    baselines = [curve for curve in compared if curve.kind == "baseline"]
    return max(baselines or compared, key=strength).name


def _points(
    curves: Mapping[str, Curve], rates: Mapping[str, float | None], task: Literal["encode", "decode"]
) -> tuple[TimePoint, ...]:
    found = [(name, _seconds(curves[name], task), rate) for name, rate in rates.items()]
    return tuple(TimePoint(name, s, rate) for name, s, rate in found if s is not None and rate is not None)


def _seconds(curve: Curve, task: Literal["encode", "decode"]) -> float | None:
    times = [point.encode_s if task == "encode" else point.decode_s for point in curve.points]
    measured = [seconds for seconds in times if seconds is not None]
    return (fmean(measured) if measured else 0.0) or None  # 0 s, too short to measure, has no logarithm
