"""What ``litcodec sweep`` prints while its runs train: a line per event, and the progress of each run."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from litcodec.sweeps import Event, Job, Running, Status, log_file, progress_of

LOOK_S = 1.0  # between two looks at how far the runs are, on a terminal
LINE_S = 60.0  # between two lines of it elsewhere


@contextmanager
def watching(jobs: Sequence[Job]) -> Iterator[Callable[[Status], None]]:
    """A function that is called with the progress."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[about]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield _Watcher(jobs, bars if console.is_terminal else None).show


class _Watcher:
    def __init__(self, jobs: Sequence[Job], bars: Progress | None) -> None:
        self.places = {job: f"{job.title} ({k} of {len(jobs)})" for k, job in enumerate(jobs, start=1)}
        self.bars = bars
        self._tasks: dict[Job, TaskID] = {}
        self._looked = time.monotonic()

    def show(self, status: Status) -> None:
        if status.event is not None:
            self._say(status.event)
        now = time.monotonic()
        if now - self._looked < (LINE_S if self.bars is None else LOOK_S):
            return
        self._looked = now
        if self.bars is not None:
            self._draw(self.bars, status.running)
            return
        for entry in status.running:
            print(
                f"{self.places[entry.job]}: {_about(entry.job)}{duration(now - entry.since)}",
                file=sys.stderr,
                flush=True,
            )

    def _say(self, event: Event) -> None:
        log = log_file(event.job.folder)
        if event.kind == "failed":
            failed = (
                f"litcodec: {self.places[event.job]} failed after {duration(event.seconds)}: {event.detail}"
            )
            print(f"{failed}\n  its log: {log}", file=sys.stderr, flush=True)
            return
        about = {
            "kept": "done before",
            "started": f"started, log in {log}",
            "continued": f"continues from {event.detail}",
            "finished": f"done after {duration(event.seconds)}",
            "elsewhere": "another process works on it; waiting for that",
        }
        print(f"{self.places[event.job]}: {about[event.kind]}", flush=True)

    def _draw(self, bars: Progress, running: Sequence[Running]) -> None:
        here = {entry.job for entry in running}
        for job in [job for job in self._tasks if job not in here]:
            bars.remove_task(self._tasks.pop(job))
        for job in here:
            if job not in self._tasks:
                self._tasks[job] = bars.add_task(self.places[job], total=None, about="")
            at = progress_of(job.folder)
            total = at.steps if at is not None and at.steps > 0 else None
            bars.update(
                self._tasks[job], total=total, completed=at.step if at else 0, about=_about(job).rstrip(", ")
            )


def _about(job: Job) -> str:
    """Step and loss, as far as they are known: "step 1,200 of 10,000, loss 1.234, "."""
    at = progress_of(job.folder)
    if at is None:
        return ""
    step = f"step {at.step:,} of {at.steps:,}, " if at.steps > 0 else f"step {at.step:,}, "
    return step if at.loss is None else f"{step}loss {at.loss:.4g}, "


def duration(seconds: float) -> str:
    """In words: "3 h 10 min", "3 min 10 s", "10 s"."""
    minutes, s = divmod(round(seconds), 60)
    h, m = divmod(minutes, 60)
    return f"{h} h {m} min" if h else f"{m} min {s} s" if m else f"{s} s"
