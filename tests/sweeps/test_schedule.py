"""Scheduling, failure, interruption and continuation, with runs that only pretend to train."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from litcodec.errors import FreezeError
from litcodec.sweeps import Event, Job, Status, codec_file, is_done, last_checkpoint, log_file, run_jobs
from litcodec.sweeps.point import last_words

FAKE = Path(__file__).parent / "fake_run.py"


class Sweeping:
    """Runs jobs called a, b, … and keeps what was told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.told: list[Status] = []

    def jobs(self, *behaviours: str) -> list[Job]:
        names = [chr(ord("a") + k) for k in range(len(behaviours))]
        return [
            Job(name, self.root / name, ("python", str(FAKE), how))
            for name, how in zip(names, behaviours, strict=True)
        ]

    def run(
        self, *behaviours: str, slots: int = 1, **options: Callable[..., object]
    ) -> dict[str, str | None]:
        self.told = []
        places = [{"SLOT": str(k)} for k in range(slots)]
        arguments = {"export": shutil.copyfile, "progress": self.told.append, **options}
        outcomes = run_jobs(self.jobs(*behaviours), places, **arguments)
        return {outcome.job.title: outcome.reason for outcome in outcomes}

    def events(self) -> list[str]:
        found = [status.event for status in self.told]
        return [f"{event.job.title} {event.kind}" for event in found if isinstance(event, Event)]

    def calls(self) -> list[str]:
        path = self.root / "calls.txt"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def sweeping(tmp_path: Path) -> Sweeping:
    return Sweeping(tmp_path / "sweep")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_points_run_once_each_and_not_again(sweeping: Sweeping) -> None:
    assert sweeping.run("works", "works") == {"a": None, "b": None}
    assert sweeping.calls() == ["a 0 0", "b 0 0"]
    assert sweeping.events() == ["a started", "a finished", "b started", "b finished"]
    assert [(s.done, s.failed) for s in sweeping.told if s.event][-1] == (2, 0)
    assert max(len(status.running) for status in sweeping.told) == 1
    assert zipfile.ZipFile(codec_file(sweeping.root / "b")).read("step") == b"2"

    assert sweeping.run("works", "works") == {"a": None, "b": None}
    assert sweeping.calls() == ["a 0 0", "b 0 0"]
    assert sweeping.events() == ["a kept", "b kept"]


def test_points_are_spread_over_slots(sweeping: Sweeping) -> None:
    # Each of the two waits for the other: one after another, neither could end.
    assert sweeping.run("meets b", "meets a", "works", slots=2) == {"a": None, "b": None, "c": None}
    assert sorted(sweeping.calls())[:2] == ["a 0 0", "b 0 1"]
    assert max(len(status.running) for status in sweeping.told) == 2


def test_failed_points_are_named_and_leave_the_others_alone(sweeping: Sweeping) -> None:
    failing = ("fails", "dies", "saves nothing")
    expected = {
        "a": "exit code 3: ValueError: no such patch",
        "b": "killed by SIGKILL",
        "c": "the run ended well but left no checkpoint",
    }
    assert sweeping.run(*failing, "works") == {**expected, "d": None}
    assert sweeping.told[-1].failed == 3
    assert "this is a\n" in log_file(sweeping.root / "a").read_text()

    assert sweeping.run("works", "works", "works", "works") == dict.fromkeys(
        "abcd"
    )  # only they are tried again
    assert [call[0] for call in sweeping.calls()] == list("abcdabc")


def test_a_program_that_is_not_there_fails_its_point_alone(sweeping: Sweeping) -> None:
    jobs = [Job("x", sweeping.root / "x", ("no-such-program", "fit")), *sweeping.jobs("works")]
    outcomes = run_jobs(jobs, [{}], shutil.copyfile)
    assert [o.reason for o in outcomes] == [
        "no-such-program cannot be started: No such file or directory",
        None,
    ]


def test_a_codec_that_cannot_be_frozen_fails_its_point_alone(sweeping: Sweeping) -> None:
    def export(checkpoint: Path, output: Path) -> None:
        if output.parent.name == "a":
            raise FreezeError("weight x is not finite")
        shutil.copyfile(checkpoint, output)

    reasons = sweeping.run("works", "works", export=export)
    assert reasons == {"a": "its codec cannot be exported: weight x is not finite", "b": None}


def test_an_interrupted_point_goes_on_from_its_last_checkpoint(sweeping: Sweeping) -> None:
    pids: list[int] = []

    def interrupt(status: Status) -> None:
        if status.running and last_checkpoint(sweeping.root / "a"):
            pids.append(status.running[0].process.pid)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweeping.run("waits", "works", progress=interrupt)
    with pytest.raises(ProcessLookupError):  # nothing is left running
        os.kill(pids[0], 0)

    (sweeping.root / "go").touch()
    assert sweeping.run("waits", "works") == {"a": None, "b": None}
    assert sweeping.events()[0] == "a continued"
    assert sweeping.calls() == ["a 0 0", "a 1 0", "b 0 0"]
    assert not (sweeping.root / "a" / "002").exists()


def test_a_run_that_outlives_a_killed_sweep_is_not_doubled(sweeping: Sweeping) -> None:
    code = (
        "import shutil; from pathlib import Path; from litcodec.sweeps import Job, run_jobs\n"
        f"run_jobs([Job('a', Path({str(sweeping.root / 'a')!r}), ('python', {str(FAKE)!r}, 'waits'))],"
        " [{}], shutil.copyfile)"
    )
    first = subprocess.Popen([sys.executable, "-c", code])
    wait_until(lambda: last_checkpoint(sweeping.root / "a") is not None)
    first.send_signal(signal.SIGKILL)
    first.wait()

    def release(status: Status) -> None:
        sweeping.told.append(status)
        if "a elsewhere" in sweeping.events():  # the orphan still holds its point
            (sweeping.root / "go").touch()

    assert sweeping.run("waits", "works", progress=release) == {"a": None, "b": None}
    assert sweeping.events()[0] == "a elsewhere"
    assert "a continued" in sweeping.events()
    assert sorted(sweeping.calls()) == ["a 0 -", "a 2 0", "b 0 0"]  # the second start found all steps done


@pytest.mark.parametrize(
    ("trained", "asked", "progress", "done"),
    [
        (2, 9, {"step": 2, "steps": 9, "loss": 1.0}, False),  # ended by SIGTERM, of an earlier litcodec
        (2, 9, {"step": 3, "steps": 9, "loss": 1.0, "finished": False}, False),
        (2, 9, {"step": 2, "steps": 9, "loss": 1.0, "finished": True}, True),  # stopped early
        (9, 9, {"step": 7, "steps": 9, "loss": 1.0}, True),
        (9, None, None, True),  # nothing is known
    ],
)
def test_a_point_is_done_when_it_was_trained_to_its_last_step(
    trained: int, asked: int | None, progress: dict[str, object] | None, done: bool, tmp_path: Path
) -> None:
    about = json.dumps({"training": {"step": trained}})
    header = json.dumps({"__metadata__": {"litcodec": about}}).encode()
    codec_file(tmp_path).write_bytes(len(header).to_bytes(8, "little") + header)
    (tmp_path / "001").mkdir()
    if asked is not None:
        (tmp_path / "001" / "config.yaml").write_text(f"model: {{}}\ntrainer: {{max_steps: {asked}}}\n")
    if progress is not None:
        (tmp_path / "001" / "progress.json").write_text(json.dumps(progress))
    assert is_done(tmp_path) is done


def test_a_damaged_checkpoint_is_passed_over(tmp_path: Path) -> None:
    for name, whole in (("001", True), ("002", True), ("010", False)):
        path = tmp_path / name / "checkpoints" / "last.ckpt"
        path.parent.mkdir(parents=True)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("step", "1" * 500)
        if not whole:
            path.write_bytes(path.read_bytes()[:200])
    assert last_checkpoint(tmp_path) == tmp_path / "002" / "checkpoints" / "last.ckpt"


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        (
            "step 1\n\x1b[31mValueError: no such patch\x1b[0m\nwandb: see the logs\n\n",
            "ValueError: no such patch",
        ),
        ("litcodec: the loss is inf.\nsome warning\n", "the loss is inf."),
        ("litcodec: no key x\nlitcodec: see litcodec fit --help\n", "no key x"),
        ("", "it printed nothing"),
    ],
)
def test_the_reason_of_a_failure_is_the_line_that_tells_most(
    printed: str, words: str, tmp_path: Path
) -> None:
    log_file(tmp_path).write_text(f"\n$ first\nlitcodec: of an earlier attempt\n\n$ second\n{printed}")
    assert last_words(tmp_path) == words


def test_scheduling_needs_no_torch() -> None:
    code = "import sys, litcodec.sweeps; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
