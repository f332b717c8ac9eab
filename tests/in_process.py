"""A command of litcodec in this process, as if in one of its own: starting one takes seconds of imports."""

import contextlib
import importlib
import io
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import torch

from litcodec.cli import main


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
            del sys.modules[name]
