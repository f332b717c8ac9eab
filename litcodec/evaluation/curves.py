"""Rate-distortion curves, measured or published, in one form."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Literal, NamedTuple

from litcodec.baselines import KODAK, PublishedCurve, published_curves, published_named
from litcodec.errors import ResultsError
from litcodec.evaluation.merging import Measured, merge_points
from litcodec.evaluation.results import Point, Results, Score
from litcodec.metrics import Mean, mean_of_finite

_OPTIMISED = {"mse": "MSE", "ms-ssim": "MS-SSIM"}


class CurvePoint(NamedTuple):
    """Means over the images at one setting. What was not measured or published is not there, or None."""

    setting: str
    lmbda: float | None
    images: int
    bpp: float
    scores: Mapping[str, float]  # by metric: the mean of the images' finite values, or the set's own
    counts: Mapping[str, int]  # by metric: over how many images; a lossless one has no finite PSNR
    encode_s: float | None
    decode_s: float | None


class Curve(NamedTuple):
    """One codec at several rates."""

    name: str
    kind: Literal["codec", "baseline", "published"]
    source: str
    points: tuple[CurvePoint, ...]  # by rising bpp

    def pairs(self, metric: str) -> list[tuple[float, float]]:
        """(bits per pixel, quality) of the points that have the metric."""
        return [(point.bpp, point.scores[metric]) for point in self.points if metric in point.scores]


def curves_of(results: Sequence[Results]) -> tuple[Curve, ...]:
    """The curves that several evaluations make together, codecs before baselines.

    ``merge_points`` says how points of several results files meet. Every point is the mean over the images
    that it was scored on; how many is in ``images``.
    """
    return measured_curves(merge_points(results))


def measured_curves(measured: Sequence[Measured]) -> tuple[Curve, ...]:
    """The curves of merged points, codecs before baselines; what has no score is left out."""
    curves: dict[str, list[Point]] = {}
    for entry in measured:
        if entry.point.scores:
            curves.setdefault(entry.curve, []).append(entry.point)
    found = [
        Curve(name, points[0].kind, _source(points), tuple(sorted(map(_means, points), key=lambda p: p.bpp)))
        for name, points in curves.items()
    ]
    return tuple(sorted(found, key=lambda curve: curve.kind == "baseline"))


def published(names: Sequence[str]) -> tuple[Curve, ...]:
    """Curves from the literature, means over the 24 images of Kodak, as they were published.

    Args:
        names: as ``litcodec.baselines.published_named`` takes them; where a codec was published for several
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
                f"{curve.title}, published"
                if len(curves) == 1
                else f"{curve.title}, {_OPTIMISED.get(curve.optimised, curve.optimised)}, published"
            )
            found[words] = _published(curve, words)
    return tuple(found.values())


def curve_point(
    setting: str, lmbda: float | None, rates: Sequence[float], scores: Sequence[Mapping[str, float]]
) -> CurvePoint:
    """The means over images that were measured one by one.

    Args:
        setting: of the codec.
        lmbda: that it stands for, if known.
        rates: bits per pixel of each image.
        scores: of each image, by metric.
    """
    names = dict.fromkeys(name for each in scores for name in each)
    means = {name: mean_of_finite(each[name] for each in scores if name in each) for name in names}
    return CurvePoint(
        setting=setting,
        lmbda=lmbda,
        images=len(rates),
        bpp=mean_of_finite(rates).value,
        scores={name: mean.value for name, mean in means.items() if mean.number},
        counts={name: mean.number for name, mean in means.items()},
        encode_s=None,
        decode_s=None,
    )


def _published(curve: PublishedCurve, name: str) -> Curve:
    points = []
    for point in curve.points:
        values = {"psnr": point.psnr_rgb, "ms_ssim": point.ms_ssim, "ms_ssim_db": point.ms_ssim_db}
        scores = {name: value for name, value in values.items() if value is not None}
        counts = dict.fromkeys(scores, len(KODAK))
        points.append(CurvePoint("published", None, len(KODAK), point.bpp, scores, counts, None, None))
    return Curve(name, "published", curve.source, tuple(points))


def _means(point: Point) -> CurvePoint:
    scores: tuple[Score, ...] = point.scores
    found = curve_point(
        point.setting, point.lmbda, [score.bpp for score in scores], [score.values for score in scores]
    )
    found = found._replace(
        scores={**found.scores, **{each.metric: each.value for each in point.divergences}},
        counts={**found.counts, **{each.metric: each.images for each in point.divergences}},
    )
    times = [mean_of_finite(times) for times in zip(*((s.encode_s, s.decode_s) for s in scores), strict=True)]
    return found._replace(encode_s=_or_none(times[0]), decode_s=_or_none(times[1]))


def _or_none(mean: Mean) -> float | None:
    return mean.value if mean.number else None


def _source(points: Sequence[Point]) -> str:
    return ", ".join(dict.fromkeys(point.source for point in points))


def better_of(curves: Sequence[Sequence[tuple[float, float]]]) -> list[tuple[float, float]]:
    """The Pareto front of several RD curves: points that no other is better than.

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
