"""Rate-distortion curves, measured or published, in one form."""

import math
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from statistics import fmean
from typing import Literal, NamedTuple

from litcodec.anchors import KODAK, PublishedCurve, published_curves, published_named
from litcodec.errors import ResultsError
from litcodec.evaluation.merging import Measured, merge_points
from litcodec.evaluation.results import Point, Results


class CurvePoint(NamedTuple):
    """Means over the pictures at one setting. None where nothing was measured or published."""

    setting: str
    lmbda: float | None
    images: int
    bpp: float
    psnr_rgb: float | None  # dB, mean of the pictures' values
    psnr_luma: float | None
    ms_ssim: float | None
    ms_ssim_db: float | None  # mean of the pictures' dB
    encode_s: float | None
    decode_s: float | None


class Curve(NamedTuple):
    """One codec at several rates."""

    name: str
    kind: Literal["codec", "anchor", "published"]
    source: str
    points: tuple[CurvePoint, ...]  # by rising bpp


def curves_of(results: Sequence[Results]) -> tuple[Curve, ...]:
    """The curves that several evaluations make together, codecs before yardsticks.

    How points of several results files meet is told by ``merge_points``. Every point is the mean over
    the pictures that it was scored on; how many is in ``images``.
    """
    return measured_curves(merge_points(results))


def measured_curves(measured: Sequence[Measured]) -> tuple[Curve, ...]:
    """The curves of merged points, codecs before yardsticks; what has no score is left out."""
    curves: dict[str, list[Point]] = {}
    for entry in measured:
        if entry.point.scores:
            curves.setdefault(entry.curve, []).append(entry.point)
    found = [
        Curve(name, points[0].kind, _source(points), tuple(sorted(map(_means, points), key=lambda p: p.bpp)))
        for name, points in curves.items()
    ]
    return tuple(sorted(found, key=lambda curve: curve.kind == "anchor"))


def published(names: Sequence[str]) -> tuple[Curve, ...]:
    """Curves from the literature, means over the 24 pictures of Kodak, as they were published.

    Args:
        names: as ``litcodec.anchors.published_named`` takes them; where a codec was published for several
            losses, all its curves.

    Raises:
        ResultsError: if a name is unknown or could mean several codecs; it lists those that are near.
    """
    found: dict[str, Curve] = {}
    for name in names:
        curves = published_named(name)
        if not curves:
            known = list(dict.fromkeys(curve.name for curve in published_curves()))
            near = [each for each in known if name.lower() in each.lower()]
            near += [each for each in get_close_matches(name, known, n=5, cutoff=0.4) if each not in near]
            raise ResultsError(
                f"{name!r} names no published curve, or more than one"
                + (f"; near it are {', '.join(near)}." if near else f". There are {', '.join(known)}.")
            )
        for curve in curves:
            words = (
                f"{curve.name}, published"
                if len(curves) == 1
                else f"{curve.name}, {curve.optimised}, published"
            )
            found[words] = _published(curve, words)
    return tuple(found.values())


def _published(curve: PublishedCurve, name: str) -> Curve:
    points = tuple(
        CurvePoint(
            setting="published",
            lmbda=None,
            images=len(KODAK),
            bpp=point.bpp,
            psnr_rgb=point.psnr_rgb,
            psnr_luma=None,
            ms_ssim=point.ms_ssim,
            ms_ssim_db=point.ms_ssim_db,
            encode_s=None,
            decode_s=None,
        )
        for point in curve.points
    )
    return Curve(name, "published", curve.source, points)


def _means(point: Point) -> CurvePoint:
    scores = point.scores
    return CurvePoint(
        setting=point.setting,
        lmbda=point.lmbda,
        images=len(scores),
        bpp=fmean(score.bpp for score in scores),
        psnr_rgb=_mean(score.psnr_rgb for score in scores),
        psnr_luma=_mean(score.psnr_luma for score in scores),
        ms_ssim=_mean(score.ms_ssim for score in scores),
        ms_ssim_db=_mean(score.ms_ssim_db for score in scores),
        encode_s=_mean(score.encode_s for score in scores),
        decode_s=_mean(score.decode_s for score in scores),
    )


def _mean(values: Iterable[float]) -> float | None:
    """Of those that are finite: a lossless picture has no PSNR to average, a small one no MS-SSIM."""
    finite = [value for value in values if math.isfinite(value)]
    return fmean(finite) if finite else None


def _source(points: Sequence[Point]) -> str:
    return ", ".join(dict.fromkeys(point.source for point in points))


def better_of(curves: Sequence[Sequence[tuple[float, float]]]) -> list[tuple[float, float]]:
    """The curve of who may choose among several at every rate: points that no other is better than.

    Args:
        curves: (bits per pixel, dB) of each point.

    Returns:
        By rising rate and quality.
    """
    front: list[tuple[float, float]] = []
    for bpp, db in sorted((point for curve in curves for point in curve), key=lambda p: (p[0], -p[1])):
        if not front or db > front[-1][1]:
            front.append((bpp, db))
    return front
