"""Classes and objectives of litcodec that configurations name without their package.

jsonargparse finds a class by its name alone among the loaded classes of the wanted kind: ``load_rooms`` loads
litcodec's, and Lightning loads its callbacks and loggers itself. An objective such as ``mse`` is a function,
which is found by its whole path only.
"""

from collections.abc import Mapping
from importlib import import_module

from litcodec.configuration.wrong_values import ROOMS

_OBJECTIVES = {"mse": "mse", "ms_ssim": "ms_ssim", "ms-ssim": "ms_ssim", "mixed": "mixed"}


def objective_path(word: object) -> object:
    """``litcodec.objectives.mse`` for ``mse``, also as a ``class_path``; everything else as it is."""
    if isinstance(word, Mapping) and "class_path" in word:
        return {**word, "class_path": objective_path(word["class_path"])}
    if isinstance(word, str) and word in _OBJECTIVES:
        return f"litcodec.objectives.{_OBJECTIVES[word]}"
    return word


def load_rooms() -> None:
    """Import the classes that a configuration may name; some rooms wait with theirs until asked."""
    for room in map(import_module, ROOMS):
        for name in room.__all__:
            getattr(room, name)


def known_names() -> list[str]:
    """The public names of ``ROOMS``."""
    return [name for room in ROOMS for name in import_module(room).__all__]
