"""The W&B runs of one command."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def own_wandb_runs() -> Iterator[None]:
    """End the W&B run that a command begins; one that its caller had begun goes on.

    Without it the next command of this process would log to the same run.
    """
    before = _run()
    try:
        yield
    finally:
        run = _run()
        if run is not None and run is not before:
            run.finish()


def _run() -> Any:
    wandb = sys.modules.get("wandb")  # importing it takes seconds, and most commands do not need it
    return None if wandb is None else wandb.run
