"""Runs points, each in processes of its own, until every one is done or has failed."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from litcodec.errors import LitcodecError
from litcodec.sweeps.devices import Slot
from litcodec.sweeps.point import claim, codec_file, is_done, last_checkpoint, last_words, log_file

POLL_S = 0.1
GRACE_S = 15.0  # between asking a run to end and ending it
# What belongs to another run, or to another sweep, that this process may itself be a part of.
NOT_INHERITED = ("LITCODEC_RUN_FOLDER", "WANDB_RUN_ID", "WANDB_SWEEP_ID", "WANDB_SWEEP_PARAM_PATH")


class Job(NamedTuple):
    """A point to be trained."""

    title: str
    folder: Path
    command: tuple[str, ...]  # that takes --run_root, --run_name and --ckpt_path, as litcodec fit does


class Running(NamedTuple):
    """A job at work."""

    job: Job
    process: subprocess.Popen[bytes]
    lock: int
    slot: Slot
    since: float  # time.monotonic


class Outcome(NamedTuple):
    """How a job ended."""

    job: Job
    reason: str | None  # why it failed; None if its codec is there


class Event(NamedTuple):
    """Something that happened."""

    kind: Literal["kept", "started", "continued", "finished", "failed", "elsewhere"]
    job: Job
    detail: str = ""  # the checkpoint it continues from; why it failed
    seconds: float = 0.0


class Status(NamedTuple):
    """How far a sweep is; reported several times a second."""

    total: int
    done: int
    failed: int
    running: tuple[Running, ...]
    event: Event | None = None


def run_jobs(
    jobs: Sequence[Job],
    slots: Sequence[Slot],
    export: Callable[[Path, Path], object],
    progress: Callable[[Status], None] = lambda status: None,
) -> tuple[Outcome, ...]:
    """Train and export every job whose codec is not there yet.

    A job that fails leaves the others alone. On an exception, and on Ctrl-C, the runs are asked to end.

    Args:
        jobs: each with a folder of its own.
        slots: one run at a time in each.
        export: makes a codec file (second argument) of a checkpoint.
        progress: called with the progress.

    Returns:
        Their outcomes, in the order of ``jobs``.
    """
    board = _Board(jobs, progress)
    waiting, free, running = list(jobs), list(slots), list[Running]()
    try:
        while waiting or running:
            for entry in [entry for entry in running if entry.process.poll() is not None]:
                board.close(entry.job, _ending(entry, export), time.monotonic() - entry.since)
                running.remove(entry)
                free.append(entry.slot)
                os.close(entry.lock)
            for job in list(waiting) if free else []:
                lock = claim(job.folder)
                if lock is None:
                    board.elsewhere(job)
                    continue
                waiting.remove(job)
                checkpoint = last_checkpoint(job.folder)  # before the run can write one
                started = None if is_done(job.folder) else _start(job, free[0], lock)
                if isinstance(started, Running):
                    running.append(started)
                    board.say(Event("continued" if checkpoint else "started", job, str(checkpoint or "")))
                    free.pop(0)
                else:
                    os.close(lock)
                    board.close(job, started, 0.0, kept=started is None)
                if not free:
                    break
            board.running = tuple(running)
            board.say(None)
            time.sleep(POLL_S)
    except BaseException:
        _stop(running)
        raise
    return tuple(Outcome(job, board.reasons[job]) for job in jobs)


class _Board:
    """Who is where, and telling it."""

    def __init__(self, jobs: Sequence[Job], progress: Callable[[Status], None]) -> None:
        self.total, self.progress = len(jobs), progress
        self.running: tuple[Running, ...] = ()
        self.reasons: dict[Job, str | None] = {}
        self._elsewhere: set[Job] = set()

    def say(self, event: Event | None) -> None:
        failed = sum(reason is not None for reason in self.reasons.values())
        self.progress(Status(self.total, len(self.reasons) - failed, failed, self.running, event))

    def close(self, job: Job, reason: str | None, seconds: float, *, kept: bool = False) -> None:
        self.reasons[job] = reason
        self.running = tuple(entry for entry in self.running if entry.job != job)
        kind: Literal["kept", "finished", "failed"] = "failed" if reason else "kept" if kept else "finished"
        self.say(Event(kind, job, reason or "", seconds))

    def elsewhere(self, job: Job) -> None:
        if job not in self._elsewhere:
            self._elsewhere.add(job)
            self.say(Event("elsewhere", job))


def _start(job: Job, slot: Slot, lock: int) -> Running | str:
    """Start or continue a job; or why that cannot be."""
    checkpoint = last_checkpoint(job.folder)
    command = [
        *_launchable(job.command),
        *("--run_root", str(job.folder.parent), "--run_name", job.folder.name),
        *(("--ckpt_path", str(checkpoint)) if checkpoint else ()),
    ]
    inherited = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED}
    with log_file(job.folder).open("ab") as log:
        log.write(f"\n$ {shlex.join(command)}\n".encode())
        log.flush()
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**inherited, "PYTHONUNBUFFERED": "1", **slot},
                pass_fds=(lock,),
                process_group=0,  # Ctrl-C reaches the sweep alone, which then ends its runs in order
            )
        except OSError as error:
            return f"{command[0]} cannot be started: {error.strerror}"
    return Running(job, process, lock, slot, time.monotonic())


def _launchable(command: Sequence[str]) -> list[str]:
    """With this very Python and this very litcodec, whatever the PATH says."""
    ours = {"python": [sys.executable], "litcodec": [sys.executable, "-P", "-m", "litcodec"]}
    return [*ours.get(command[0], [command[0]]), *command[1:]]


def _ending(entry: Running, export: Callable[[Path, Path], object]) -> str | None:
    """Export the codec of a run that has ended; or why there is none."""
    code, folder = entry.process.returncode, entry.job.folder
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    if code > 0:
        return f"exit code {code}: {last_words(folder)}"
    checkpoint = last_checkpoint(folder)
    if checkpoint is None:
        return "the run ended well but left no checkpoint"
    try:
        export(checkpoint, codec_file(folder))
    except (LitcodecError, OSError, MemoryError, RuntimeError) as error:  # torch: out of memory
        reason = str(error).partition("\n")[0] or type(error).__name__
        return f"its codec cannot be exported: {reason}"
    return None


def _stop(running: Sequence[Running]) -> None:
    """Ask every run to end, as Ctrl-C would, and end what has not within a while."""
    try:
        for entry in running:
            _signal(entry, signal.SIGINT)
        deadline = time.monotonic() + GRACE_S
        while time.monotonic() < deadline and any(entry.process.poll() is None for entry in running):
            time.sleep(POLL_S)
    finally:  # also on a second Ctrl-C
        for entry in running:
            _signal(entry, signal.SIGKILL)
            entry.process.wait()
            os.close(entry.lock)


def _signal(entry: Running, number: signal.Signals) -> None:
    """To the run and all that it has started, as long as it is there."""
    if entry.process.poll() is None:
        os.killpg(entry.process.pid, number)
