"""The folder of the photographs that ship with litcodec."""

from pathlib import Path

import litcodec


def bundled_photographs() -> Path:
    """The folder of the bundled photographs.

    Returns:
        A folder with ``train/`` (32 photographs to fit on), ``heldback/`` (4 to look at, never fitted on) and
        ``LICENCES.md`` (licence, author and source of every file).
    """
    return Path(litcodec.__file__).resolve().parent / "photographs"
