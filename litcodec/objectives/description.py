"""An objective as plain data: what a codec file or checkpoint records of it, and back."""

import inspect
import sys
from collections.abc import Mapping
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
        ObjectiveError: if an argument of a class is not kept as an attribute, or is not a plain value.
    """
    found = _plain(objective)
    assert isinstance(found, dict)
    return found


def build(description: object) -> Objective:
    """The objective that ``describe`` described.

    Nothing is imported: only classes of loaded modules are found, which are litcodec's, those of the plugins
    that the user chose, and those of a running training.

    Args:
        description: from a file that nobody has to trust; or one of the words mse, ms-ssim, mixed.

    Raises:
        ObjectiveError: if it is not a description, or names anything but an objective's loaded classes.
    """
    if isinstance(description, str) and description in WORDS:
        return WORDS[description]()
    found = _built(description, 0)
    if not isinstance(found, Objective):
        raise ObjectiveError(f"no objective is described by {_short(description)}.")
    return found


def word_for(objective: Objective) -> str | None:
    """What older files record: mse, ms-ssim or mixed where it is one of these, else None."""
    found = _plain(objective)
    return next((word for word, make in WORDS.items() if _plain(make()) == found), None)


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


def _built(value: object, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ObjectiveError(f"an objective is nested at most {MAX_DEPTH} deep.")
    if isinstance(value, list):
        return [_built(item, depth + 1) for item in value]
    if not isinstance(value, dict) or "class_path" not in value:
        return value
    kind = _class(value["class_path"])
    arguments = value.get("init_args", {})
    if not isinstance(arguments, dict) or not all(isinstance(name, str) for name in arguments):
        raise ObjectiveError(f"init_args of {kind.__name__} are {_short(arguments)}.")
    try:
        return kind(**{name: _built(item, depth + 1) for name, item in arguments.items()})
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ObjectiveError(f"{kind.__name__} cannot be built: {error}") from error


def _class(path: object) -> type:
    """Only what an objective is made of, and only if it is loaded: a file imports nothing."""
    module, _, name = path.rpartition(".") if isinstance(path, str) else ("", "", "")
    package = module.partition(".")[0]
    if module not in sys.modules:
        raise ObjectiveError(
            f"the objective's class {_short(path)} is of no loaded package."
            + (f" If you trust it, give --plugin {package}." if package.isidentifier() else "")
        )
    found = getattr(sys.modules[module], name, None)
    if not (isinstance(found, type) and issubclass(found, (Objective, Term, Distortion))):
        raise ObjectiveError(f"{_short(path)} is not a class of an objective.")
    return found


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
