"""The folder of a sweep's point. All that is known of a point is what lies in it; there is no other record.

<point>/
    001/ 002/ …         run folders of litcodec fit; a second one where the first left no checkpoint
    codec.safetensors   the frozen codec: the point is done
    log.txt             what the runs printed
    lock                held by whoever works on the point
"""

import json
import os
import re
import zipfile
from pathlib import Path
from typing import NamedTuple

ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # a terminal's colours
TAIL = 8192


class Progress(NamedTuple):
    """How far a run is."""

    step: int
    steps: int  # -1: no end
    loss: float | None


def codec_file(folder: Path) -> Path:
    """The point's result."""
    return folder / "codec.safetensors"


def log_file(folder: Path) -> Path:
    """What its runs printed."""
    return folder / "log.txt"


def last_checkpoint(folder: Path) -> Path | None:
    """Where an interrupted point goes on: the last checkpoint that is whole."""
    for run in _runs(folder):
        path = run / "checkpoints" / "last.ckpt"
        if zipfile.is_zipfile(path):
            return path
    return None


def progress_of(folder: Path) -> Progress | None:
    """What the newest run last said in its ``progress.json``; see ``training.run_folder``."""
    for run in _runs(folder)[:1]:
        try:
            said = json.loads((run / "progress.json").read_text())
            return Progress(said["step"], said["steps"], said["loss"])
        except (OSError, ValueError, KeyError):
            return None
    return None


def claim(folder: Path) -> int | None:
    """Take a point for this process and those it starts.

    The lock dies with the last process that inherited it. A run that outlives a killed sweep thus keeps its
    point, and several sweeps may share one folder.

    Returns:
        An open file descriptor, to be inherited by the run and closed at the end; None if the point is taken.
    """
    import fcntl  # not on Windows, where the command has refused by now

    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def last_words(folder: Path) -> str:
    """The line of the log that most likely says why a run failed."""
    with log_file(folder).open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
        text = ESCAPES.sub("", file.read().decode(errors="replace"))
    attempt = text.rpartition("\n$ ")[2].splitlines()[1:] if "\n$ " in text else text.splitlines()
    lines = [line.strip() for line in attempt if line.strip() and not line.startswith("wandb: ")]
    ours = [line.removeprefix("litcodec: ") for line in lines if line.startswith("litcodec: ")]
    ours = [line for line in ours if not line.startswith("see litcodec ")]  # where to read on is no reason
    return (ours or lines or ["it printed nothing"])[-1]


def _runs(folder: Path) -> list[Path]:
    """Newest first."""
    runs = [path for path in folder.iterdir() if path.name.isdigit()] if folder.is_dir() else []
    return sorted(runs, key=lambda path: int(path.name), reverse=True)
