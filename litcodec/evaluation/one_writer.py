"""Lets one run at a time write a results file; another waits and continues with what the first has written.

The lock lies beside the file and goes with the run. One that a killed run left behind locks nothing.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_NAME_BYTES = 200  # of the file's name that its lock carries: names end at 255 bytes


@contextmanager
def one_writer(output: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of a results file, waiting for it if need be.

    Args:
        output: the results file; its folder is made if missing.
        waiting: called once before it waits.
    """
    output = output.resolve()  # two links to one file are one file
    output.parent.mkdir(parents=True, exist_ok=True)
    name = os.fsencode(output.name)[:_NAME_BYTES].decode("utf-8", "ignore")
    path = output.parent / f".{name}.lock"
    descriptor = None if sys.platform == "win32" else _hold(path, waiting)
    try:
        yield
    finally:
        if descriptor is not None:
            path.unlink(missing_ok=True)  # while it is held: whoever waits for it sees that it is gone
            os.close(descriptor)


def _hold(path: Path, waiting: Callable[[], None]) -> int | None:
    """An open, locked file under ``path``; None where a file system has no locks."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            _lock(descriptor, waiting)
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except OSError:
            os.close(descriptor)
            return None
        except BaseException:  # interrupted while it waited
            os.close(descriptor)
            raise
        os.close(descriptor)  # its holder has removed it meanwhile


def _lock(descriptor: int, waiting: Callable[[], None]) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting()
        fcntl.flock(descriptor, fcntl.LOCK_EX)
