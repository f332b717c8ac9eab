"""One mutant through the code under test: what came out, how long it took, how much memory."""

import contextlib
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from litcodec.errors import LitcodecError

CPU_LIMIT_S = 10.0  # of one mutant; processor time, so that a busy machine fails nothing
MEMORY_LIMIT = 600 * 2**20  # bytes that one mutant may add to the resident memory
MESSAGE_LIMIT = 1100  # characters


class Target(NamedTuple):
    """What is fuzzed: how to make a mutant, and what to do with it."""

    suffix: str  # of a mutant's file
    mutant: Callable[[Random], bytes]
    use: Callable[[Path], None]  # raises LitcodecError where it refuses; asserts what a valid result must be


class Outcome(NamedTuple):
    """What came of one mutant."""

    kind: str  # "valid", the class of the typed error, or "FAILED"
    seconds: float  # of processor time
    memory: int  # bytes added at the peak
    reason: str  # of a failure: one line; "" otherwise
    trace: str


def case_rng(name: str, seed: int, index: int) -> Random:
    """The randomness of one case: the same on every machine."""
    return Random(f"{name}:{seed}:{index}")


def run_case(target: Target, path: Path) -> Outcome:
    """Use the file at ``path`` and judge what comes out."""
    reason = trace = ""
    kind = "valid"
    before = _reset_peak()
    start = time.process_time()
    try:
        with warnings.catch_warnings(), _quiet():
            warnings.simplefilter("error")
            target.use(path)
    except LitcodecError as error:
        kind, reason = type(error).__name__, _wrong_message(str(error))
        trace = traceback.format_exc() if reason else ""
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also panics of Rust libraries, which are not Exceptions
        said = " ".join(str(error).split())[:200].encode("ascii", "backslashreplace").decode()
        reason = f"{type(error).__name__} {_place(error)}: {said}"
        trace = traceback.format_exc()
    seconds = time.process_time() - start
    memory = max(0, _peak() - before)
    if not reason and seconds > CPU_LIMIT_S:
        reason = f"took {seconds:.1f} s of processor time"
    if not reason and memory > MEMORY_LIMIT:
        reason = f"took {memory / 2**20:.0f} MiB"
    return Outcome("FAILED" if reason else kind, seconds, memory, reason, trace)


def _wrong_message(message: str) -> str:
    """What is wrong with the text of a typed error; "" if nothing is."""
    if not message.isprintable():
        return f"its message is not one printable line: {message[:200]!a}"
    if not 10 <= len(message) <= MESSAGE_LIMIT:
        return f"its message has {len(message)} characters: {message[:120]!a}"
    return ""


def _place(error: BaseException) -> str:
    """Of litcodec's own line that was running: failures of one line are one kind."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/litcodec/" in frame.filename]
    return f"in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "outside of litcodec"


@contextlib.contextmanager
def _quiet():  # type: ignore[no-untyped-def]
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


def _reset_peak() -> int:
    """Forget the peak of resident memory, where the system can; the memory held now, in bytes."""
    if sys.platform != "linux":
        return _peak()
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _peak() -> int:
    if sys.platform == "linux":
        return _status("VmHWM")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _status(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    return 0
