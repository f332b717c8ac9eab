"""SIGTERM and SIGHUP end a command as an exception does: what it was writing is tidied up."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = ("SIGTERM", "SIGHUP")


@contextmanager
def orderly_termination() -> Iterator[None]:
    """Within it these signals raise ``SystemExit`` with 128 + their number, unless somebody handles them."""
    mine, before = os.getpid(), {}

    def end(number: int, frame: FrameType | None) -> None:
        if os.getpid() != mine:  # a worker that was forked
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        raise SystemExit(128 + number)

    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)):
            if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP
                before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
