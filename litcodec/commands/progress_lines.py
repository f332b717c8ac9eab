"""Progress of a long command as a line now and then, where output is a pipe or a file."""

import sys
from time import monotonic

from litcodec.commands.sweep_progress import duration

LINE_S = 30.0  # between two lines


class ProgressLines:
    """Prints to standard error at most every ``LINE_S`` seconds."""

    def __init__(self) -> None:
        self._begun = self._said = monotonic()

    def show(self, fraction: float, about: str) -> None:
        """Print ``about`` and the time that is left, unless the last line is too recent.

        Args:
            fraction: of the work that is done, 0 to 1.
            about: what is done and what is under way.
        """
        now = monotonic()
        if now - self._said < LINE_S:
            return
        self._said = now
        left = f", {duration((now - self._begun) * (1 - fraction) / fraction)} left" if fraction > 0 else ""
        print(f"litcodec: {about}{left}", file=sys.stderr, flush=True)
