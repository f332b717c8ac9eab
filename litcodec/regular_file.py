"""Accepts only regular files as inputs: a pipe may never end, and a device may never be empty."""

from pathlib import Path

from litcodec.errors import LitcodecError


def regular_file(path: str | Path, error: type[LitcodecError]) -> Path:
    """``path`` as a Path. A missing file passes: opening it says so.

    Raises:
        LitcodecError: of the class ``error``, if something is there that is not a regular file.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise error(f"{path} cannot be read: it is {'a folder' if path.is_dir() else 'not a regular file'}.")
    return path
