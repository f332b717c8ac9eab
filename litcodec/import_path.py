"""Objects by import path, ``mylab.metrics.SHARPNESS``; the current folder is searched first."""

import importlib
import os
import sys
from typing import Any


def import_object(path: str) -> Any:
    """What a dotted path names.

    Raises:
        ImportError: if its module or the name in it is not there; the message says which.
    """
    room, _, name = path.rpartition(".")
    search_current_folder()
    try:
        module = importlib.import_module(room)
    except ImportError as error:
        raise ImportError(f"{room} cannot be imported: {error}") from error
    if not hasattr(module, name):
        raise ImportError(f"{room} has no {name}")
    return getattr(module, name)


def search_current_folder() -> None:
    """Let modules of the current folder be imported, as with ``python -m``."""
    if not {"", os.getcwd()} & set(sys.path):
        sys.path.insert(0, os.getcwd())
