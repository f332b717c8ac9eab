"""Packages of the user's whose codecs, metrics and baselines litcodec may use.

Chosen by the user alone: installed packages with an entry point in the group ``litcodec.plugins``, the option
``--plugin NAME``, or the environment variable ``LITCODEC_PLUGINS`` (names with commas). No file chooses one.
"""

import importlib
import os
import pkgutil
import sys
from collections.abc import Iterable
from importlib.metadata import entry_points

from litcodec.errors import PluginError

GROUP = "litcodec.plugins"
VARIABLE = "LITCODEC_PLUGINS"


def chosen_plugins(named: Iterable[str] = ()) -> tuple[str, ...]:
    """All that the user chose: entry points, the environment, and ``named``; each once."""
    installed = (entry.value.partition(":")[0] for entry in entry_points(group=GROUP))
    environment = (word.strip() for word in os.environ.get(VARIABLE, "").split(","))
    return tuple(dict.fromkeys(name for name in (*installed, *environment, *named) if name))


def load_plugins(named: Iterable[str] = ()) -> tuple[str, ...]:
    """Import the chosen plugins with all of their modules; the current folder is searched first.

    Args:
        named: further names, as ``--plugin`` gives them: packages or single modules.

    Returns:
        The top-level packages whose classes may be built, litcodec first.

    Raises:
        PluginError: if one cannot be imported; it says which and why.
    """
    names = chosen_plugins(named)
    if names and "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # as with python -m
    for name in names:
        try:
            module = importlib.import_module(name)
            for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{name}."):
                if not found.name.endswith(".__main__"):
                    importlib.import_module(found.name)
        except Exception as error:  # a plugin may do anything
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise PluginError(f"plugin {name!r} cannot be loaded: {reason}") from error
    return ("litcodec", *dict.fromkeys(name.partition(".")[0] for name in names))
