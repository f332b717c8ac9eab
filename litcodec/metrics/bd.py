"""Bjontegaard's deltas: one rate-distortion curve against another, as one number.

Bjontegaard, "Calculation of average PSNR differences between RD-curves", VCEG-M33, 2001; interpolated by
Akima's splines as Herglotz et al., "Beyond Bjontegaard: limits of video compression performance comparisons",
ICIP 2022, advise. https://arxiv.org/abs/2202.12565
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from litcodec.errors import CurveError
from litcodec.metrics.akima import Akima

MIN_POINTS = 4
Points = Sequence[tuple[float, float]]


class BDDelta(NamedTuple):
    """A mean difference, and what it is the mean over."""

    value: float  # percent of bits, or the metric's unit
    low: float  # the interval that both curves cover: of the metric if the value is percent, else bpp
    high: float


class BDOfImages(NamedTuple):
    """The mean of the BD-rates of single images."""

    value: float  # percent of bits
    std: float  # sample standard deviation over the images; nan for one image
    images: int  # that have a BD-rate


class RDCurve:
    """A curve whose points have been checked, with its splines; made once and compared often.

    Args:
        points: (bits per pixel, quality) of each point, in any order.
        which: what messages call it.
        higher_is_better: of the quality. Where it is False, less is better and falls with rising rate.
        unit: of the quality, for messages.

    Raises:
        CurveError: if there are fewer than 4 points, one is not finite, or quality does not rise with rate.
    """

    def __init__(
        self, points: Points, which: str = "curve", *, higher_is_better: bool = True, unit: str = "dB"
    ) -> None:
        sign = 1.0 if higher_is_better else -1.0
        if len(points) < MIN_POINTS:
            raise CurveError(
                f"the {which} curve has {len(points)} points; a BD-rate needs at least {MIN_POINTS}."
            )
        for bpp, quality in points:
            if not (math.isfinite(bpp) and math.isfinite(quality) and bpp > 0):
                raise CurveError(f"the {which} curve has a point of {bpp:g} bpp and {quality:g} {unit}.")
        ordered = sorted((float(bpp), sign * float(quality)) for bpp, quality in points)
        for (less, worse), (more, better) in pairwise(ordered):
            if not (less < more and worse < better):
                raise CurveError(
                    f"the {which} curve does not {'rise' if sign > 0 else 'fall'} "
                    f"from {less:.4f} bpp, {sign * worse:.3f} {unit} "
                    f"to {more:.4f} bpp, {sign * better:.3f} {unit}."
                )
        self.sign = sign
        self.unit = unit
        self.log_rates = [math.log(bpp) for bpp, _ in ordered]
        self.rates = [bpp for bpp, _ in ordered]
        self.qualities = [quality for _, quality in ordered]  # rising, whatever the metric's direction
        self._rate_of_quality: Akima | None = None
        self._quality_of_rate: Akima | None = None

    @property
    def rate_of_quality(self) -> Akima:
        """log(bpp) over quality."""
        if self._rate_of_quality is None:
            self._rate_of_quality = Akima(self.qualities, self.log_rates)
        return self._rate_of_quality

    @property
    def quality_of_rate(self) -> Akima:
        """Quality over log(bpp)."""
        if self._quality_of_rate is None:
            self._quality_of_rate = Akima(self.log_rates, self.qualities)
        return self._quality_of_rate


def bd_rate(anchor: Points | RDCurve, test: Points | RDCurve) -> BDDelta:
    """How many percent more bits the test curve takes at equal quality; negative if fewer.

    Args:
        anchor: (bits per pixel, dB) of each point, in any order; or a curve made of them.
        test: the same of the curve to be judged.

    Returns:
        The percentage, over the interval of quality that both curves cover, in dB.

    Raises:
        CurveError: if a curve has fewer than 4 points, a point that is not finite, or does not rise all the
            way; or if no quality is covered by both.
    """
    ours, theirs = _curve(test, "test"), _curve(anchor, "anchor")
    low, high = _overlap(theirs.qualities, ours.qualities, ours.unit, sign=ours.sign)
    difference = ours.rate_of_quality.integral(low, high) - theirs.rate_of_quality.integral(low, high)
    try:
        value = 100 * math.expm1(difference / (high - low))
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise CurveError("the curves' rates lie too far apart to be compared.")
    ends = sorted((low * ours.sign, high * ours.sign))
    return BDDelta(value, *ends)


def bd_quality(anchor: Points | RDCurve, test: Points | RDCurve) -> BDDelta:
    """How much higher the test curve's quality is at equal rate. Arguments as of ``bd_rate``.

    Returns:
        The difference in the metric's unit, over the interval of rate that both curves cover, in bits per
        pixel.

    Raises:
        CurveError: as ``bd_rate``; or if no rate is covered by both.
    """
    ours, theirs = _curve(test, "test"), _curve(anchor, "anchor")
    low, high = _overlap(theirs.rates, ours.rates, "bpp")
    ends = math.log(low), math.log(high)
    difference = ours.quality_of_rate.integral(*ends) - theirs.quality_of_rate.integral(*ends)
    return BDDelta(ours.sign * difference / (ends[1] - ends[0]), low, high)


def bd_rate_of_images(pairs: Sequence[tuple[RDCurve, RDCurve]]) -> BDOfImages:
    """The mean of per-image BD-rates, as standard bodies report it.

    Fixed-rate curves (JPEG 2000's) and fixed-quality ones weigh images differently in a mean curve; here
    every image counts once.

    Args:
        pairs: (anchor, test) of each image. Images whose curves do not overlap are left out.

    Raises:
        CurveError: if no image can be compared.
    """
    values = []
    for anchor, test in pairs:
        try:
            values.append(bd_rate(anchor, test).value)
        except CurveError:
            continue
    if not values:
        raise CurveError("no single image has curves that can be compared.")
    mean, freedom = math.fsum(values) / len(values), len(values) - 1
    std = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / freedom) if freedom else math.nan
    return BDOfImages(mean, std, len(values))


def _curve(points: Points | RDCurve, which: str) -> RDCurve:
    return points if isinstance(points, RDCurve) else RDCurve(points, which)


def _overlap(
    anchor: Sequence[float], test: Sequence[float], unit: str, *, sign: float = 1.0
) -> tuple[float, float]:
    low, high = max(anchor[0], test[0]), min(anchor[-1], test[-1])
    if low >= high:
        raise CurveError(
            f"the curves do not overlap: the anchor covers {sign * anchor[0]:.3f} to {sign * anchor[-1]:.3f} "
            f"{unit}, the test {sign * test[0]:.3f} to {sign * test[-1]:.3f} {unit}."
        )
    return low, high
