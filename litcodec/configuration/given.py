"""Merges a command line and its ``--config`` files, key by key."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from litcodec.configuration.sentences import Mistake, meant

Tree = dict[str, Any]


def read_given(arguments: Sequence[str]) -> Tree:
    """All keys as a tree; later ones replace earlier ones. Values of options are text.

    Raises:
        Mistake: if a file is missing or is not YAML.
    """
    if not arguments:
        raise Mistake("there is no configuration. Give one, such as --config configs/quickstart.yaml.")
    tree: Tree = {}
    for key, value in options(arguments):
        if key in ("--config", "-c"):
            _lay_over(tree, read_config(value))
        elif key.startswith("--") and value is not None:
            _set(tree, key.removeprefix("--").split("."), _structured(value))
    return tree


def options(arguments: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """The pairs of ``--key value`` and ``--key=value``; None for a key without a value."""
    for word, after in zip(arguments, [*arguments, None][1:], strict=True):
        if word.startswith("-"):
            key, equals, value = word.partition("=")
            yield key, value if equals else after if after is None or not after.startswith("--") else None


def read_config(name: str | None) -> Tree:
    """The keys of a config file; none where the parser must say what is wrong with it.

    Raises:
        Mistake: if it is missing or is not YAML.
    """
    if name is None or "\n" in name or ": " in name or "{" in name:  # YAML itself
        return {}
    path = Path(name)
    if path.is_dir():
        raise Mistake(f"--config {name} is a folder; give a YAML file.")
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        near = [*path.parent.glob("*.yaml"), *Path("configs").rglob("*.yaml")]
        names = {each.name: str(each) for each in reversed(near)}
        folder = "" if path.is_absolute() else f" in {Path.cwd()}"
        found = meant(path.name, names, names.__getitem__)
        raise Mistake(f"there is no file {name}{folder}{found}") from None
    except yaml.YAMLError as error:
        raise Mistake(f"{name} is not YAML: {yaml_problem(error)}.") from error
    except (OSError, ValueError, RecursionError):
        return {}
    if found is not None and not isinstance(found, dict):
        raise Mistake(f"{name} has no keys such as model: and trainer:, but only {str(found)[:40]!r}.")
    return found or {}


def yaml_problem(error: Exception) -> str:
    """Where a text ceases to be YAML, and why, on one line."""
    if isinstance(error, yaml.reader.ReaderError):
        return f"character {error.position + 1} is one that YAML does not allow"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}: {error.problem}"
    return " ".join(str(error).split())


def _structured(text: str) -> Any:
    """YAML of an option that is a mapping or list; other text as it is."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return yaml.safe_load(text)
    except (ValueError, RecursionError, yaml.YAMLError):
        return text


def _set(node: Any, keys: Sequence[str], value: Any) -> None:
    """Lay ``value`` over ``node`` at ``keys``; nothing in a list, whose entries have no names."""
    for key in reversed(keys):
        value = {key: value}
    if isinstance(node, dict):
        _lay_over(node, value)


def _lay_over(below: Tree, above: Mapping[Any, Any]) -> None:
    for key, value in above.items():
        name, appends = str(key).removesuffix("+"), str(key).endswith("+")
        old = below.get(name)
        if appends:
            below[name] = [*_as_list(old), *_as_list(value)]
        elif isinstance(value, dict) and isinstance(old, str):
            below[name] = {"class_path": old} | value
        elif isinstance(value, dict) and isinstance(old, dict) and not _other_class(old, value):
            _lay_over(old, value)
        elif not (isinstance(old, list) and isinstance(value, dict)):  # options of a list's last entry
            below[name] = value


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _other_class(old: Tree, new: Tree) -> bool:
    return "class_path" in new and new["class_path"] != old.get("class_path")
