"""The results store: results that grow image by image, and their file with them."""

from collections.abc import Sequence, Set
from datetime import UTC, datetime
from pathlib import Path

from litcodec.evaluation.machine import this_machine
from litcodec.evaluation.results import Failure, Point, Results, Score
from litcodec.evaluation.results_file import write_results
from litcodec.evaluation.texts import one_line
from litcodec.metrics import Divergence, MetricInfo

SCORES_PER_WRITE = 2000  # writing this many takes about as long as coding a small image


class ResultsStore:
    """The points of a results file.

    Args:
        path: of the file.
        images: the folder of images, as given.
        metrics: that are measured now.
        set_metrics: of sets of images, that are measured now.
        before: what the file held already.
    """

    def __init__(
        self,
        path: Path,
        images: Path,
        metrics: Sequence[MetricInfo],
        before: Results | None,
        set_metrics: Sequence[MetricInfo] = (),
    ) -> None:
        self.path = path
        self.images = one_line(images.as_posix(), 4000)
        self.created = before.created if before else datetime.now(UTC).isoformat(timespec="seconds")
        self.machine = this_machine()
        self.metrics = _joined(before.metrics if before else (), metrics)
        self.set_metrics = _joined(before.set_metrics if before else (), set_metrics)
        self._points = {(p.curve, p.setting): p for p in (before.points if before else ())}
        self._unwritten = 0

    def open(self, point: Point, images: Set[str]) -> Point:
        """The point as far as it has been measured.

        Args:
            point: its names.
            images: what it is measured on; failures of others are forgotten.
        """
        known = self._points.get((point.curve, point.setting), point)
        # The same codec, or the same version of a baseline's library; else its numbers say nothing.
        if point.kind == known.kind == "codec":
            same = known.fingerprint == point.fingerprint
        else:
            same = known.kind == point.kind and known.source == point.source
        scores = known.scores if same else ()
        failures = tuple(f for f in known.failures if same and f.image in images)
        self._points[point.curve, point.setting] = point._replace(
            scores=scores, failures=failures, divergences=known.divergences if same else ()
        )
        return self._points[point.curve, point.setting]

    def add(self, point: Point, outcome: Score | Failure) -> None:
        """Replace the image's result and flush periodically; values of metrics not measured now are kept."""
        known = self._points[point.curve, point.setting]
        scores = [score for score in known.scores if score.image != outcome.image]
        earlier = next((score for score in known.scores if score.image == outcome.image), None)
        failures = [failure for failure in known.failures if failure.image != outcome.image]
        same = False
        if isinstance(outcome, Score):
            same = earlier is not None and (earlier.sha256, earlier.bytes) == (outcome.sha256, outcome.bytes)
            values = {**(earlier.values if earlier is not None and same else {}), **outcome.values}
            scores.append(outcome._replace(values=values))
        else:
            failures.append(outcome)
        self._points[point.curve, point.setting] = known._replace(
            scores=tuple(sorted(scores, key=lambda score: score.image)),
            failures=tuple(sorted(failures)),
            divergences=known.divergences if same else (),  # they were of another set of images
        )
        self._unwritten += 1
        # After every image; a very long file less often, or writing it would take longer than measuring.
        if self._unwritten > sum(len(p.scores) for p in self._points.values()) // SCORES_PER_WRITE:
            self.write()

    def point(self, point: Point) -> Point:
        """The point with all its results so far."""
        return self._points[point.curve, point.setting]

    def add_divergences(self, point: Point, divergences: tuple[Divergence, ...]) -> None:
        """Replace the values of metrics of sets, and write the file."""
        known = self._points[point.curve, point.setting]
        self._points[point.curve, point.setting] = known._replace(divergences=divergences)
        self.write()

    def results(self) -> Results:
        """All results so far."""
        points = tuple(point for point in self._points.values() if point.scores or point.failures)
        return Results(self.images, self.created, self.machine, self.metrics, points, self.set_metrics)

    def write(self) -> None:
        """Write the file."""
        write_results(self.path, self.results())
        self._unwritten = 0


def _joined(known: Sequence[MetricInfo], measured: Sequence[MetricInfo]) -> tuple[MetricInfo, ...]:
    return tuple({metric.name: metric for metric in (*known, *measured)}.values())
