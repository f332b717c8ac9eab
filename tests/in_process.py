"""A command of litcodec in this process, as if in one of its own: starting one takes seconds of imports."""

import contextlib
import importlib
import io
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import torch

from litcodec.cli import main

TEMPORARY = Path(tempfile.gettempdir())


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def litcodec(folder: Path, *arguments: str, **variables: str) -> Done:
    """Run ``litcodec ARGUMENTS`` in ``folder``, on one thread, with further environment variables."""
    out, err = io.StringIO(), io.StringIO()
    with as_a_process(folder, **variables), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        sys.argv = ["litcodec", *arguments]
        try:
            code = main(list(arguments))
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
    return Done(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def as_a_process(folder: Path, **variables: str) -> Iterator[None]:
    """Be in ``folder``; leave no variable, path, module, thread count or random state behind."""
    importlib.invalidate_caches()
    _forget({path.stem for path in folder.glob("*") if path.suffix in ("", ".py")})
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with (
            contextlib.chdir(folder),
            mock.patch.dict(os.environ, {"WANDB_MODE": "offline", "OMP_NUM_THREADS": "1", **variables}),
            mock.patch.object(sys, "path", list(sys.path)),
            mock.patch.object(sys, "argv", list(sys.argv)),
            torch.random.fork_rng(devices=[]),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # a process prints them
            yield
    finally:
        torch.set_num_threads(threads)
        _forget_modules_below(folder)


def _forget_modules_below(folder: Path) -> None:
    """Let the next command import a user's package anew, or not find it."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).is_relative_to(folder):
            _forget({name.partition(".")[0]})


def _forget(packages: set[str]) -> None:
    """Forget what another test has imported under these names."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.partition(".")[0] not in packages or not file or not Path(file).is_relative_to(TEMPORARY):
            continue
        for kind in vars(module).values():  # jsonargparse imports the modules of all subclasses that live
            if isinstance(kind, type) and kind.__module__ == name:
                kind.__module__ = __name__
        del sys.modules[name]
