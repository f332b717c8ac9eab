"""The user's packages whose codecs, metrics and baselines litcodec may use.

Chosen by the user alone: installed packages with an entry point in the group ``litcodec.plugins``, the option
``--plugin NAME``, or the environment variable ``LITCODEC_PLUGINS`` (names with commas), which processes that
litcodec starts inherit. No file chooses one.
"""

import importlib
import os
import pkgutil
from collections.abc import Iterable
from importlib.metadata import entry_points

from litcodec.errors import PluginError
from litcodec.import_path import search_current_folder

GROUP = "litcodec.plugins"
VARIABLE = "LITCODEC_PLUGINS"


def choose_plugins(named: Iterable[str]) -> None:
    """Add names to ``LITCODEC_PLUGINS``, for this process and those that it starts."""
    os.environ[VARIABLE] = ",".join(dict.fromkeys([*_of_environment(), *named]))


def load_plugins(named: Iterable[str] = ()) -> tuple[str, ...]:
    """Import the chosen plugins with all of their modules; the current folder is searched too.

    Args:
        named: further names, packages or single modules.

    Returns:
        The top-level packages whose classes may be built, litcodec first.

    Raises:
        PluginError: if one cannot be imported; it says which and why.
    """
    installed = (entry.value.partition(":")[0] for entry in entry_points(group=GROUP))
    names = tuple(dict.fromkeys([*installed, *_of_environment(), *named]))
    if names:
        search_current_folder()
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


def _of_environment() -> list[str]:
    return [word.strip() for word in os.environ.get(VARIABLE, "").split(",") if word.strip()]
