"""``make bench``: what litcodec costs, beside what CompressAI costs, in one table.

Each side runs in a process of its own, one after the other, on the files that inputs.py made: ours.py in this
environment, peer.py in the one of ``--peer-python``. Times are medians after a warm-up, with as many threads
as the machine has processors. Run it on an idle machine.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from plan import Plan
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
WIDTH = 150  # of the table where there is no terminal
GET_PEER = "python -m venv .venv-peer && .venv-peer/bin/pip install compressai==1.2.8"
SMALL = Plan("", 1, repeats=1, N=8, M=12, batch=2, patch=64, latents=(12, 20), latent_size=(8, 12))
SMALL = SMALL._replace(
    context_sizes=(8, 12),
    image_size=(64, 128),
    large_size=(256, 384),
    photograph_size=(150, 200),
    papers="*linear.yaml",
)


class Row(NamedTuple):
    """One line of the table. ``ratio`` says how many times better ours is."""

    part: str
    what: str
    unit: str
    ours: float
    peer: float | None = None
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None


def faster(
    part: str, what: str, ours: float, peer: float | None, *, aim: float | None = None, unit: str = "ms"
) -> Row:
    """A row of two durations in seconds."""
    scale = {"ms": 1e3, "s": 1.0}[unit]
    told = "" if aim is None else "no slower" if aim == 1 else f">= {aim:g}x"
    if peer is None:
        return Row(part, what, unit, ours * scale, aim=told)
    met = None if aim is None else peer / ours >= aim
    return Row(part, what, unit, ours * scale, peer * scale, peer / ours, told, met)


def smaller(part: str, ours: float, peer: float | None) -> Row:
    """A row of two sizes in bytes. Of a whole codec, ours counts the container, the peer's has none."""
    return Row(part, "size", "bytes", ours, peer, None if peer is None else peer / ours)


def train(ours: dict[str, float], peer: dict[str, float]) -> list[Row]:
    part, theirs = "training step, ScaleHyperprior, 8 x 256x256; peer: float32", peer.get("32-true")
    return [
        faster(part, "as litcodec trains (bf16-mixed)", ours["bf16-mixed"], theirs, aim=2, unit="s"),
        faster(part, "float32", ours["32-true"], theirs, unit="s"),
    ]


def coder(ours: dict[str, float], peer: dict[str, float]) -> list[Row]:
    rows = []
    for channels in sorted({name.split()[0] for name in ours}, key=int):
        part = f"entropy coder, {channels} channels of a Kodak latent; same symbols, same scale indexes"
        for way in ("encode", "decode"):
            name = f"{channels} {way}"
            rows.append(faster(part, way, ours[name], peer.get(name), aim=3))
        rows.append(smaller(part, ours[f"{channels} bytes"], peer.get(f"{channels} bytes")))
    return rows


def codec(ours: dict[str, float], peer: dict[str, float]) -> list[Row]:
    rows = []
    for name, title, aims in (
        ("scale", "ScaleHyperprior", (1, 1)),
        ("mean-scale", "MeanScaleHyperprior", (1, 1)),
        ("autoregressive", "JointAutoregressive, N = M = 192", (5, 10)),
        ("mixture", "MixtureAutoregressive, N = M = 192, K = 3 (the peer has none)", (None, None)),
        ("checkerboard", "Checkerboard, N = M = 192 (the peer has none)", (None, None)),
    ):
        # One symbol rounded the other way shifts a patch of pixels, or with a context model all that follows;
        # other weights would change the size.
        sizes = ours[f"{name} bytes"], peer.get(f"{name} bytes", ours[f"{name} bytes"])
        if name != "autoregressive" and peer.get(f"{name} difference", 0) > 1:
            raise SystemExit(f"{title}: the two sides decode to different images; nothing to compare.")
        if abs(sizes[0] - sizes[1]) > 0.02 * sizes[1] + 64:
            raise SystemExit(f"{title}: the two sides take {sizes[0]} and {sizes[1]} bytes: not one codec.")
        same = "; same weights" if f"{name} bytes" in peer else ""
        part = f"whole codec, {title}, 768x512 image{same}"
        for way, aim in zip(("compress", "decompress"), aims, strict=True):
            key = f"{name} {way}"
            rows.append(faster(part, way, ours[key], peer.get(key), aim=aim))
        rows.append(smaller(part, ours[f"{name} bytes"], peer.get(f"{name} bytes")))
    return rows


def papers(ours: dict[str, float], peer: dict[str, float]) -> list[Row]:
    rows = []
    for name in sorted({key.split()[0] for key in ours}):
        part = f"configs/codec/{name}.yaml, {ours[f'{name} weights'] / 1e6:.2f} M weights, untrained, once"
        rows += [Row(part, way, "s", ours[f"{name} {way}"]) for way in ("compress", "decompress")]
    return rows


def packaged(ours: dict[str, float], peer: dict[str, float]) -> list[Row]:
    part = f"packaged codec, 768x512 photograph at {8 * ours['bytes'] / ours['pixels']:.2f} bpp"
    rows = []
    for what, name, aim in (
        ("compress", "compress", 0.5),
        ("decompress", "decompress", 0.5),
        ("litcodec compress, 16x16 image: whole command", "start", 3.0),
    ):
        rows.append(Row(part, what, "s", ours[name], aim=f"<= {aim:g} s", met=ours[name] <= aim))
    return rows


def data(ours: dict[str, float], peer: dict[str, float]) -> list[Row]:
    rows = []
    for name, title in (("bundled", "the bundled photographs"), ("camera", "2000x1500 photographs")):
        part = f"training crops from {title}, 2 workers; peer: a plain DataLoader"
        plain = ours[f"{name} plain"]
        for crops, cached, aim in ((8, " cached", 4), (8, "", 4), (1, "", None)):
            rate = ours[f"{name} {crops}{cached}"]
            met = None if aim is None else rate / plain >= aim
            told = "" if aim is None else f">= {aim}x"
            what = f"crops per decoded photograph: {crops}{', all kept in memory' if cached else ''}"
            rows.append(Row(part, what, "crops/s", rate, plain, rate / plain, told, met))
    return rows


def memory(ours: dict[str, float], peer: dict[str, float]) -> list[Row]:
    part, gigabytes = "litcodec compress, 6000x4000 photograph, with metrics", ours["bytes"] / 1e9
    return [
        Row(part, "peak memory of the process", "GB", gigabytes, aim="<= 6 GB", met=gigabytes <= 6),
        Row(part, "encode, then decode", "s", ours["seconds"]),
        Row(part, "whole command", "s", ours["wall"]),
    ]


PARTS = {
    "train": train,
    "coder": coder,
    "codec": codec,
    "papers": papers,
    "packaged": packaged,
    "data": data,
    "memory": memory,
}
WITH_PEER = ("train", "coder", "codec")


def measure(part: str, plan: Plan, peer_python: str | None) -> tuple[list[Row], list[str]]:
    """Rows of one part, and the peer's versions."""
    told = [part, json.dumps(plan._asdict())]
    _python(sys.executable, "inputs.py", told)
    ours = compress_large(plan) if part == "memory" else json.loads(_python(sys.executable, "ours.py", told))
    peer: dict[str, Any] = {}
    if peer_python and part in WITH_PEER:
        peer = json.loads(_python(peer_python, "peer.py", told))
    return PARTS[part](ours, peer), peer.get("versions", [])


def compress_large(plan: Plan) -> dict[str, float]:
    """Run ``litcodec compress`` and read its high-water mark, Python and torch themselves included."""
    command = [
        sys.executable,
        "-m",
        "litcodec",
        "compress",
        "large.jpg",
        "-c",
        "scale.safetensors",
        "--json",
        "--measure",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": str(plan.threads)}
    start = time.perf_counter()
    with subprocess.Popen(command, cwd=plan.folder, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    if process.returncode:
        raise SystemExit("litcodec compress failed; see above.")
    result = json.loads(told)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    seconds = result["encode_s"] + result["decode_s"]
    return {"bytes": usage.ru_maxrss * unit, "seconds": seconds, "wall": wall}


def _python(python: str, script: str, told: list[str]) -> str:
    done = subprocess.run([python, str(HERE / script), *told], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{python} {script} {told[0]} failed:\n{done.stderr}")
    return done.stdout.splitlines()[-1] if done.stdout else ""


def machine() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def table(rows: list[Row]) -> Table:
    """All rows by part, verdicts in words."""
    drawn = Table()
    for title in ("", "litcodec", "peer", "ratio", "aim", ""):
        drawn.add_column(title, justify="right" if title else "left", no_wrap=True)
    for part, found in groupby(rows, lambda row: row.part):
        drawn.add_section()
        drawn.add_row(f"[bold]{part}")
        for row in found:
            digits = 0 if row.unit in ("bytes", "crops/s") else 2 if row.unit in ("s", "GB") else 1
            drawn.add_row(
                f"  {row.what}",
                f"{row.ours:,.{digits}f} {row.unit}",
                "" if row.peer is None else f"{row.peer:,.{digits}f} {row.unit}",
                "" if row.ratio is None else f"{row.ratio:.2f}x",
                row.aim,
                "" if row.met is None else "met" if row.met else "[bold]not met",
            )
    return drawn


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peer-python", metavar="PYTHON", help=f"a Python with CompressAI:\n{GET_PEER}")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part; may be given repeatedly")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each, for the median (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument(
        "--small", action="store_true", help="tiny sizes: shows that it runs, says nothing else"
    )
    options = parser.parse_args()
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    threads = os.cpu_count() or 1
    rows: list[Row] = []
    versions: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        plan = SMALL._replace(folder=folder, threads=threads)
        if not options.small:
            plan = Plan(folder, threads, repeats=options.repeats)
        for part in options.only or PARTS:
            with console.status(f"measuring: {part}"):
                found, about = measure(part, plan, options.peer_python)
            rows += [row._replace(met=None) for row in found] if options.small else found
            versions = about or versions
    about_us = f"litcodec {version('litcodec')}, torch {version('torch')}, Python {platform.python_version()}"
    about_peer = f"CompressAI {versions[0]}, torch {versions[1]}" if versions else "not measured"
    console.print(table(rows))
    console.print(f"{machine()}, {threads} threads; {about_us}; peer: {about_peer}.", highlight=False)
    if options.small:
        console.print("Tiny sizes, not those of the headings: only shows that everything runs.")
    if options.peer_python is None:
        console.print(f"To compare: {GET_PEER}\nthen: make bench PEER=.venv-peer/bin/python", highlight=False)
    if options.json:
        about = {"cpu": machine(), "threads": threads, "litcodec": about_us, "peer": about_peer}
        options.json.write_text(json.dumps({**about, "rows": [row._asdict() for row in rows]}, indent=1))


if __name__ == "__main__":
    main()
