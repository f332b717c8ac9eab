"""An objective as plain data: what a codec file or checkpoint records of it, and back."""

import inspect
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from litcodec.errors import ObjectiveError
from litcodec.objectives.distortions import Distortion
from litcodec.objectives.objective import Objective, Term, mixed, ms_ssim, mse

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
WORDS = {"mse": mse, "ms-ssim": ms_ssim, "mixed": mixed}  # what older files record
MAX_DEPTH = 8


def describe(objective: Objective) -> dict[str, Plain]:
    """Its class path and arguments, and those of its terms.

    Raises:
        ObjectiveError: if an argument of a class is not kept as an attribute, or is no plain value.
    """
    found = _plain(objective)
    assert isinstance(found, dict)
    return found


def build(description: object, packages: Sequence[str] = ("litcodec",)) -> Objective:
    """The objective that ``describe`` described.

    Args:
        description: from a file that nobody has to trust; or one of the words mse, ms-ssim, mixed.
        packages: whose classes may be built: litcodec and the plugins that the user chose.

    Raises:
        ObjectiveError: if it is no description, or names anything but an objective's classes in ``packages``.
    """
    if isinstance(description, str) and description in WORDS:
        return WORDS[description]()
    found = _built(description, tuple(packages), 0)
    if not isinstance(found, Objective):
        raise ObjectiveError(f"no objective is described by {_short(description)}.")
    return found


def word_for(objective: Objective) -> str:
    """What older files record: mse, ms-ssim or mixed where it is one of these, else its label."""
    found = _plain(objective)
    return next((word for word, make in WORDS.items() if _plain(make()) == found), objective.label)


def _plain(value: object) -> Plain:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    kind = type(value)
    names = inspect.signature(kind).parameters
    missing = [name for name in names if not hasattr(value, name)]
    if missing or kind.__module__ in ("builtins", "__main__"):
        raise ObjectiveError(
            f"{kind.__module__}.{kind.__qualname__} cannot be recorded: "
            f"{f'keep its argument {missing[0]!r} as an attribute' if missing else 'move it to a module'}."
        )
    arguments: dict[str, Plain] = {name: _plain(getattr(value, name)) for name in names}
    return {"class_path": _public_path(kind), "init_args": arguments}


def _public_path(kind: type) -> str:
    """The shortest by which the class can be imported: files outlive modules."""
    module = kind.__module__
    while getattr(sys.modules.get(module.rpartition(".")[0]), kind.__name__, None) is kind:
        module = module.rpartition(".")[0]
    return f"{module}.{kind.__name__}"


def _built(value: object, packages: tuple[str, ...], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ObjectiveError(f"an objective is nested at most {MAX_DEPTH} deep.")
    if isinstance(value, list):
        return [_built(item, packages, depth + 1) for item in value]
    if not isinstance(value, dict) or "class_path" not in value:
        return value
    kind = _class(value["class_path"], packages)
    arguments = value.get("init_args", {})
    if not isinstance(arguments, dict) or not all(isinstance(name, str) for name in arguments):
        raise ObjectiveError(f"init_args of {kind.__name__} are {_short(arguments)}.")
    try:
        return kind(**{name: _built(item, packages, depth + 1) for name, item in arguments.items()})
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ObjectiveError(f"{kind.__name__} cannot be built: {error}") from error


def _class(path: object, packages: tuple[str, ...]) -> type:
    """Only what an objective is made of, and only from ``packages``: a file imports nothing else."""
    module, _, name = path.rpartition(".") if isinstance(path, str) else ("", "", "")
    package = module.partition(".")[0]
    if package not in packages:
        raise ObjectiveError(
            f"the objective's class {_short(path)} is of neither litcodec nor a chosen plugin."
            + (f" Give --plugin {package}." if package.isidentifier() else "")
        )
    try:
        found = getattr(import_module(module), name, None)
    except ImportError as error:
        raise ObjectiveError(f"the objective's class {_short(path)} cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, (Objective, Term, Distortion))):
        raise ObjectiveError(f"{_short(path)} is no class of an objective.")
    return found


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
