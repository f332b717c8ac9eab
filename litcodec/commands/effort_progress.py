"""How far ``--effort`` is with an image: a bar on a terminal, elsewhere a line now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from litcodec.commands.progress_lines import ProgressLines


@contextmanager
def showing_effort() -> Iterator[Callable[[float], None]]:
    """Gives what is called with the part of an image that is done, 0 to 1; the next image starts anew."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines().show
        return
    columns = (TextColumn("refining latents"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0, visible=False)

        def show(done: float) -> None:
            bar.update(task, completed=done, visible=done < 1)

        yield show


class _Lines:
    def __init__(self) -> None:
        self._lines, self._done = ProgressLines(), 0.0

    def show(self, done: float) -> None:
        if done < self._done:  # another image
            self._lines = ProgressLines()
        self._done = done
        self._lines.show(done, f"{done:.0%} of the iterations that refine its latents")
