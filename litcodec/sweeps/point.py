"""The folder of a sweep's point. It is the only record of the point.

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

import yaml

ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # a terminal's colours
TAIL = 8192
HEADER_MAX = 10**8


class Progress(NamedTuple):
    """How far a run is."""

    step: int
    steps: int  # -1: no end
    loss: float | None
    finished: bool = False


def codec_file(folder: Path) -> Path:
    """The point's result."""
    return folder / "codec.safetensors"


def is_done(folder: Path) -> bool:
    """Whether its codec is there and, as far as the files say, trained to the end (or to an early stop)."""
    path = codec_file(folder)
    if not path.exists():
        return False
    step, steps, progress = _step_of(path), _steps_asked(folder), progress_of(folder)
    if step is None or steps is None or step >= steps:
        return True
    return progress is not None and progress.finished and step >= progress.step


def _step_of(codec: Path) -> int | None:
    """The step that a codec file was trained to; None if it does not say so."""
    try:
        with codec.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length) if length <= HEADER_MAX else b"null")
        about = json.loads(header["__metadata__"]["litcodec"])
        step = about.get("training", about.get("notes", {}))["step"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return step if isinstance(step, int) else None


def _steps_asked(folder: Path) -> int | None:
    """How many steps the newest run was to take; None if that is not known."""
    for run in _runs(folder)[:1]:
        try:
            config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
            phases = config["model"].get("phases")
            steps = sum(phase["steps"] for phase in phases) if phases else config["trainer"]["max_steps"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, yaml.YAMLError):
            return None
        return steps if isinstance(steps, int) and steps >= 0 else None
    return None


def log_file(folder: Path) -> Path:
    """What its runs printed."""
    return folder / "log.txt"


def last_checkpoint(folder: Path) -> Path | None:
    """Where an interrupted point goes on: the last checkpoint that is whole."""
    for run in _runs(folder):
        for name in ("last.ckpt", "previous.ckpt"):
            path = run / "checkpoints" / name
            if zipfile.is_zipfile(path):
                return path
    return None


def progress_of(folder: Path) -> Progress | None:
    """What the newest run last said in its ``progress.json``; see ``training.run_folder``."""
    for run in _runs(folder)[:1]:
        try:
            said = json.loads((run / "progress.json").read_text())
            return Progress(said["step"], said["steps"], said["loss"], said.get("finished") is True)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
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
