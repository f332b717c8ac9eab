"""Fuzz litcodec's readers: ``make fuzz SECONDS=1800 TARGETS="codec-file results"``.

Every mutant is a function of (target, seed, number). One that brings out anything but a typed error of one
line or a valid result is kept, with the command that runs it again.
"""

import argparse
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import torch

from tests.fuzz.cases import Outcome, case_rng, run_case
from tests.fuzz.targets import TARGETS

HANG_S = 120.0  # after which a mutant's process is ended
ADDRESS_SPACE = 16 * 2**30  # bytes of one process: a mutant that wants more gets a MemoryError
GIB = 2**30


class Tally(NamedTuple):
    """What came of one target."""

    counts: Counter[str]
    slowest: tuple[float, int]  # seconds, number of the case
    hungriest: tuple[int, int]  # bytes, number of the case
    reasons: dict[str, list[int]]  # of failures: the numbers of their cases


def main() -> int:
    """Run; returns 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", help=f"of {' '.join(TARGETS)}; all if none is given")
    parser.add_argument("--seconds", type=float, default=60, help="of the whole run (default 60)")
    parser.add_argument("--cases", type=int, help="of each target, instead of --seconds")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int, help="run this one of one target and show what comes out")
    parser.add_argument("--file", type=Path, help="as --case, with this file")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, default=Path("runs/fuzz"), help="where failures are kept")
    options = parser.parse_args()
    unknown = sorted(set(options.targets) - set(TARGETS))
    if unknown:
        parser.error(f"unknown targets {' '.join(unknown)}; there are {' '.join(TARGETS)}")
    names = options.targets or list(TARGETS)
    if options.case is not None or options.file is not None:
        return _again(names[0], options.seed, options.case, options.file)
    return _fuzz(names, options)


def _again(name: str, seed: int, case: int | None, file: Path | None) -> int:
    target = TARGETS[name]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"mutant{target.suffix}")
        path.write_bytes(file.read_bytes() if file else target.mutant(case_rng(name, seed, case or 0)))
        outcome = run_case(target, path)
    print(
        outcome.trace,
        f"{outcome.kind}: {outcome.reason} {outcome.seconds:.2f} s {outcome.memory / 2**20:.0f} MiB",
    )
    return 1 if outcome.reason else 0


def _fuzz(names: list[str], options: argparse.Namespace) -> int:
    share = options.seconds * min(options.jobs, len(names)) / len(names)
    waiting, tallies = list(names), dict[str, Tally]()
    print(f"{len(names)} targets, seed {options.seed}, {options.jobs} processes", flush=True)
    print(
        f"{'target':<28}{'cases':>8}{'valid':>8}{'typed':>8}{'FAILED':>8}{'slowest s':>11}{'most MiB':>10}",
        flush=True,
    )

    def work() -> None:
        while waiting:
            name = waiting.pop(0)
            tallies[name] = _run_target(name, share, options)
            _print_row(name, tallies[name])

    start = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(options.jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _summary(tallies, time.monotonic() - start, options)


def _print_row(name: str, tally: Tally) -> None:
    total, valid, failed = tally.counts.total(), tally.counts["valid"], tally.counts["FAILED"]
    row = f"{name:<28}{total:>8}{valid:>8}{total - valid - failed:>8}{failed:>8}"
    print(f"{row}{tally.slowest[0]:>11.2f}{tally.hungriest[0] / 2**20:>10.0f}", flush=True)


def _summary(tallies: dict[str, Tally], seconds: float, options: argparse.Namespace) -> int:
    counts = sum((tally.counts for tally in tallies.values()), Counter[str]())
    print(
        f"\n{counts.total()} mutants in {seconds / 60:.1f} minutes: "
        + ", ".join(f"{n} {k}" for k, n in counts.most_common())
    )
    slow, name, case = max((*tally.slowest[:1], name, tally.slowest[1]) for name, tally in tallies.items())
    print(f"slowest: {slow:.2f} s, {name} case {case}")
    most, name, case = max(
        (*tally.hungriest[:1], name, tally.hungriest[1]) for name, tally in tallies.items()
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(f"most memory of one mutant: {most / 2**20:.0f} MiB, {name} case {case}", end="; ")
    print(f"of any process: {peak / GIB:.2f} GiB")
    for name, tally in tallies.items():
        for reason, cases in tally.reasons.items():
            print(f"\n{name}: {len(cases)} x {reason}")
            print(f"  python -m tests.fuzz.run {name} --seed {options.seed} --case {cases[0]}")
    return 1 if counts["FAILED"] else 0


def _run_target(name: str, seconds: float, options: argparse.Namespace) -> Tally:
    """In a process of its own, which is started again after a crash or a hang."""
    tally = Tally(Counter(), (0.0, 0), (0, 0), {})
    index, left = 0, seconds
    while (index < options.cases) if options.cases else left > 0:
        stop = options.cases or 0
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        arguments = (theirs, name, options.seed, index, stop, left)
        process = multiprocessing.get_context("spawn").Process(target=_child, args=arguments)
        process.start()
        theirs.close()
        patience, since = 10 * HANG_S, None  # building a target takes a moment, and does not count
        while True:
            try:
                if not ours.poll(patience):
                    raise EOFError(f"did not end within {HANG_S:.0f} s")
                index, outcome = ours.recv()
            except (EOFError, ConnectionError) as error:
                hung = bool(error.args)
                process.kill() if hung else process.join()
                last = _last_line(_mutants(name, options.seed) / "stderr")
                reason = str(error) if hung else f"its process ended with {process.exitcode}: {last}"
                tally = _add(
                    tally, name, index, Outcome("FAILED", HANG_S if hung else 0.0, 0, reason, ""), options
                )
                index += 1
                left -= HANG_S if since is None else time.monotonic() - since
                break
            if outcome is None:
                process.join()
                return tally
            patience, since = HANG_S, since or time.monotonic()
            tally = _add(tally, name, index, outcome, options)
            index += 1
    return tally


def _add(tally: Tally, name: str, index: int, outcome: Outcome, options: argparse.Namespace) -> Tally:
    tally.counts[outcome.kind] += 1
    if outcome.kind == "FAILED":
        key = outcome.reason.partition(": ")[0]
        if key not in tally.reasons:
            _keep(name, index, outcome, options)
        tally.reasons.setdefault(key, []).append(index)
    return tally._replace(
        slowest=max(tally.slowest, (outcome.seconds, index)),
        hungriest=max(tally.hungriest, (outcome.memory, index)),
    )


def _keep(name: str, index: int, outcome: Outcome, options: argparse.Namespace) -> None:
    options.keep.mkdir(parents=True, exist_ok=True)
    stem = f"{name}-{options.seed}-{index}"
    command = f"python -m tests.fuzz.run {name} --seed {options.seed} --case {index}"
    (options.keep / f"{stem}.txt").write_text(
        f"{command}\n{outcome.reason}\n{outcome.trace}", errors="backslashreplace"
    )
    found = Path(_mutants(name, options.seed), f"{index}")
    if found.exists():
        shutil.copy(found, options.keep / stem)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line[:150] for line in reversed(lines) if line.strip()), "")


def _mutants(name: str, seed: int) -> Path:
    return Path(tempfile.gettempdir(), f"litcodec-fuzz-{os.getuid()}", f"{name}-{seed}")


def _child(pipe: Connection, name: str, seed: int, first: int, stop: int, seconds: float) -> None:
    torch.set_num_threads(1)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    folder = _mutants(name, seed)
    folder.mkdir(parents=True, exist_ok=True)
    log = os.open(folder / "stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 2)  # libtiff and others write what they think of a file
    target = TARGETS[name]()
    index, end = first, time.monotonic() + seconds
    while index < stop if stop else time.monotonic() < end:
        path = folder / f"mutant{target.suffix}"
        path.write_bytes(target.mutant(case_rng(name, seed, index)))
        outcome = run_case(target, path)
        if outcome.reason:
            shutil.copy(path, folder / f"{index}")
        pipe.send((index, outcome))
        index += 1
    pipe.send((index, None))
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
