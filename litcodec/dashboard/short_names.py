"""Short, unique names for images."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Each name's stem; where two stems are the same, the whole name with ``/`` as ``_``.

    Args:
        names: file names or paths.

    Returns:
        From name to short name, without a slash.
    """
    stems = Counter(PurePath(name).stem for name in set(names))
    return {name: PurePath(name).stem if stems[PurePath(name).stem] == 1 else _flat(name) for name in names}


def _flat(name: str) -> str:
    return "_".join(part for part in PurePath(name).parts if part.strip("/\\."))
