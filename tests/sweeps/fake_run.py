"""Stands for ``litcodec fit`` where only its manners matter: folders, checkpoints, exit codes.

    fake_run.py BEHAVIOUR --run_root R --run_name N [--ckpt_path C]

Every start adds a line "N STEP SLOT" to R/calls.txt. A whole run takes two steps, a checkpoint after each.
"""

import os
import signal
import sys
import time
import zipfile
from pathlib import Path

behaviour, *rest = [word for word in sys.argv[1:] if word != "--how"]
given = dict(zip(rest[::2], rest[1::2], strict=True))
folder = Path(given["--run_root"], given["--run_name"])
before = given.get("--ckpt_path")
step = 0 if before is None else int(zipfile.ZipFile(before).read("step"))
run = folder / f"{1 + len(list(folder.glob('0*'))):03d}" if before is None else Path(before).parents[1]
with (folder.parent / "calls.txt").open("a") as calls:
    calls.write(f"{folder.name} {step} {os.environ.get('SLOT', '-')}\n")


def save(step: int) -> None:
    (run / "checkpoints").mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(run / "checkpoints" / "part", "w") as archive:
        archive.writestr("step", str(step))
    os.replace(run / "checkpoints" / "part", run / "checkpoints" / "last.ckpt")


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        if time.monotonic() > deadline:
            sys.exit(f"{path} never came")
        time.sleep(0.02)


print(f"this is {folder.name}")
if behaviour == "fails":
    print("Traceback (most recent call last):\n  File somewhere\n\x1b[31mValueError: no such patch\x1b[0m")
    sys.exit(3)
if behaviour == "dies":
    os.kill(os.getpid(), signal.SIGKILL)
if behaviour == "saves nothing":
    sys.exit(0)
if step < 1:
    save(1)
if behaviour == "waits":
    wait_for(folder.parent / "go")
if behaviour.startswith("meets "):
    (folder.parent / f"{folder.name}.here").touch()
    wait_for(folder.parent / f"{behaviour.removeprefix('meets ')}.here")
save(2)
