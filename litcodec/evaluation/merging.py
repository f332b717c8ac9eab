"""Merges several results files into one set of points, keeping apart what must not be averaged."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from litcodec.evaluation.results import Point, Results


class Measured(NamedTuple):
    """A point, and the curve it belongs to."""

    curve: str
    point: Point  # as measured; ``point.curve`` is the name before merging
    origin: int  # position of its results among those merged


def merge_points(results: Sequence[Results], labels: Sequence[str] = ()) -> tuple[Measured, ...]:
    """All points, those of one curve name under one name if they can stand on one curve.

    The same setting twice is one point if the codec gave the same bytes for every image that both know;
    of the two the one with more images is kept. Otherwise, or if the two share no image, all that
    this results file has of the curve goes under a name of its own: "JPEG (second run)".

    Args:
        results: what was read, in the order of the command line.
        labels: what to call each in such a name; "2", "3" … if not given. Points that collide within one
            file are distinguished by a further number.

    Returns:
        In the order given; points without a score are kept, for their failures.
    """
    labels = labels or [str(k + 1) for k in range(len(results))]
    kept: dict[tuple[str, str], Measured] = {}  # by curve and setting
    for origin, (result, label) in enumerate(zip(results, labels, strict=True)):
        for layer in _layers(result.points):
            there = list(kept.values())
            name = next(name for name in _names(layer[0].curve, label) if _fits(layer, name, there))
            for point in layer:
                key = (name, point.setting)
                if key not in kept or len(point.scores) > len(kept[key].point.scores):
                    kept[key] = Measured(name, point, origin)
    return tuple(kept.values())


def _layers(points: Sequence[Point]) -> Iterator[list[Point]]:
    """The points of each curve in turn, no setting twice in one list."""
    layers: dict[tuple[str, int], list[Point]] = {}
    for point in points:
        k = 0
        while any(other.setting == point.setting for other in layers.get((point.curve, k), [])):
            k += 1
        layers.setdefault((point.curve, k), []).append(point)
    yield from layers.values()


def _names(curve: str, label: str) -> Iterator[str]:
    yield curve
    yield f"{curve} ({label})"
    k = 2
    while True:
        yield f"{curve} ({label}, {k})"
        k += 1


def _fits(layer: Sequence[Point], name: str, there: Sequence[Measured]) -> bool:
    """Whether the curve called ``name`` can take ``layer`` in."""
    curve = {entry.point.setting: entry.point for entry in there if entry.curve == name}
    return _share_images(layer, list(curve.values())) and all(
        point.setting not in curve or _same(point, curve[point.setting]) for point in layer
    )


def _same(a: Point, b: Point) -> bool:
    """Whether two points are one measurement, perhaps of more images: times may differ, bytes may not."""
    bytes_of = {score.sha256: score.bytes for score in b.scores}
    same_bytes = all(bytes_of.get(score.sha256, score.bytes) == score.bytes for score in a.scores)
    return a.fingerprint == b.fingerprint and same_bytes and _share_images([a], [b])


def _share_images(some: Sequence[Point], others: Sequence[Point]) -> bool:
    """Whether an image is common to both, or one side has none to compare."""
    one, other = ({score.sha256 for point in side for score in point.scores} for side in (some, others))
    return not one or not other or not one.isdisjoint(other)
