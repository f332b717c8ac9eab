"""Files while they are written: beside their target, under names by which the next writer finds stale ones.

A writer holds a lock on its file. One that nobody holds was left by a process that was killed.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

_NAME_BYTES = 100  # of an output's name that its temporary file carries: names end at 255 bytes
_RANDOM = r"[a-z0-9_]{8}"  # what mkstemp puts in


@contextmanager
def part_file(target: Path) -> Iterator[tuple[BinaryIO, str]]:
    """A new file in the folder of ``target``, and its path; it is gone afterwards, unless it was renamed."""
    _remove_stale(target)
    descriptor, temporary = _locked(target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file, temporary
    finally:
        Path(temporary).unlink(missing_ok=True)


def _locked(target: Path) -> tuple[int, str]:
    while True:
        try:
            descriptor, temporary = tempfile.mkstemp(
                prefix=_prefix(target), suffix=".part", dir=target.parent
            )
        except OSError as error:  # about the name that the user knows
            raise type(error)(error.errno, error.strerror, str(target)) from error
        _lock(descriptor, wait=True)
        if os.path.exists(temporary):  # nobody took it for stale before it was locked
            return descriptor, temporary
        os.close(descriptor)


def _remove_stale(target: Path) -> None:
    ours = re.compile(re.escape(_prefix(target)) + _RANDOM + r"\.part")
    for name in filter(ours.fullmatch, os.listdir(target.parent)):
        path = target.parent / name
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            if _lock(descriptor):
                path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


def _lock(descriptor: int, *, wait: bool = False) -> bool:
    """Whether it is ours now; False where a file system has no locks: then nothing is stale.

    Not ours if somebody else holds it, who may be removing the file; ``wait`` for the end of that.
    """
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _prefix(target: Path) -> str:
    name = os.fsencode(target.name)[:_NAME_BYTES]
    return f".{name.decode('utf-8', 'ignore')}."
