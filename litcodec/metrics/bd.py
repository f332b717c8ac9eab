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

MIN_POINTS = 4
_METHOD = "akima"


class BDDelta(NamedTuple):
    """A mean difference, and what it is the mean over."""

    value: float  # percent of bits, or dB
    low: float  # the interval that both curves cover: dB if the value is percent, bpp if it is dB
    high: float


class _Curve(NamedTuple):
    """By rising rate and quality."""

    rates: tuple[float, ...]
    qualities: tuple[float, ...]


def bd_rate(anchor: Sequence[tuple[float, float]], test: Sequence[tuple[float, float]]) -> BDDelta:
    """How many percent more bits the test curve takes at equal quality; negative if fewer.

    Args:
        anchor: (bits per pixel, dB) of each point, in any order.
        test: likewise.

    Returns:
        The percentage, over the interval of quality that both curves cover, in dB.

    Raises:
        CurveError: if a curve has fewer than 4 points, a point that is not finite, or does not rise all the
            way; or if no quality is covered by both.
    """
    ours, theirs = _curve(test, "test"), _curve(anchor, "anchor")
    low, high = _overlap(theirs.qualities, ours.qualities, "dB")
    # The library imports pyplot, which nobody should wait for who only wants a PSNR.
    import bjontegaard

    value = bjontegaard.bd_rate(*theirs, *ours, method=_METHOD, require_matching_points=False, min_overlap=0)
    return BDDelta(float(value), low, high)


def bd_quality(anchor: Sequence[tuple[float, float]], test: Sequence[tuple[float, float]]) -> BDDelta:
    """How many dB the test curve is better at equal rate; negative if worse. Arguments as of ``bd_rate``.

    Returns:
        The dB, over the interval of rate that both curves cover, in bits per pixel.

    Raises:
        CurveError: as ``bd_rate``; or if no rate is covered by both.
    """
    ours, theirs = _curve(test, "test"), _curve(anchor, "anchor")
    low, high = _overlap(theirs.rates, ours.rates, "bpp")
    import bjontegaard

    value = bjontegaard.bd_psnr(*theirs, *ours, method=_METHOD, require_matching_points=False, min_overlap=0)
    return BDDelta(float(value), low, high)


def _curve(points: Sequence[tuple[float, float]], which: str) -> _Curve:
    """The points sorted, which the library does not do."""
    if len(points) < MIN_POINTS:
        raise CurveError(f"the {which} curve has {len(points)} of the {MIN_POINTS} points it takes.")
    for bpp, db in points:
        if not (math.isfinite(bpp) and math.isfinite(db) and bpp > 0):
            raise CurveError(f"the {which} curve has a point of {bpp:g} bpp and {db:g} dB.")
    ordered = sorted((float(bpp), float(db)) for bpp, db in points)
    for (less, worse), (more, better) in pairwise(ordered):
        if not (less < more and worse < better):
            raise CurveError(
                f"the {which} curve does not rise from {less:.4f} bpp, {worse:.3f} dB "
                f"to {more:.4f} bpp, {better:.3f} dB."
            )
    rates, qualities = zip(*ordered, strict=True)
    return _Curve(rates, qualities)


def _overlap(anchor: Sequence[float], test: Sequence[float], unit: str) -> tuple[float, float]:
    low, high = max(anchor[0], test[0]), min(anchor[-1], test[-1])
    if low >= high:
        raise CurveError(
            f"the curves do not overlap: the anchor covers {anchor[0]:.3f} to {anchor[-1]:.3f} {unit}, "
            f"the test {test[0]:.3f} to {test[-1]:.3f} {unit}."
        )
    return low, high
