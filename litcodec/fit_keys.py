"""Misspelt keys of ``--model.*``, found before Lightning is imported, which takes seconds.

The arguments of litcodec's own LightningModule are read from its source. Whatever is not certainly wrong is
left to the parser.
"""

import ast
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

import yaml

_MODULE = Path(__file__).parent / "training" / "module.py"
# "distortion" is a key of earlier versions: the parser says what to write now.
_LEFT_TO_THE_PARSER = {"class_path", "init_args", "help", "distortion"}
CUTOFF = 0.75  # of similarity, above which a key may be meant


def misspelt_key(command: str, arguments: Sequence[str]) -> str | None:
    """What is wrong with the first unknown key below ``model``; None if there is none, or it cannot be known.

    Args:
        command: "fit" or another of Lightning's.
        arguments: the words after it.
    """
    found = list(_keys(command, arguments))
    if any(key in ("", "class_path") for key, _ in found):
        return None  # a LightningModule of the user's own, or another form of configuration
    known = model_arguments()
    for key, message in found:
        # The parser takes unambiguous abbreviations.
        if key not in _LEFT_TO_THE_PARSER and not any(name.startswith(key) for name in known):
            close = get_close_matches(f"model.{key}", [f"model.{name}" for name in known], 1, CUTOFF)
            return message + (f". Did you mean {close[0]}?" if close else ".")
    return None


def model_arguments() -> list[str]:
    """The names of ``CodecModule``'s arguments."""
    tree = ast.parse(_MODULE.read_text(encoding="utf-8"))
    (made,) = (
        function
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == "CodecModule"
        for function in node.body
        if isinstance(function, ast.FunctionDef) and function.name == "__init__"
    )
    return sorted(each.arg for each in [*made.args.args[1:], *made.args.kwonlyargs])


def _keys(command: str, arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each key below ``model``, and what the parser says if it is unknown."""
    for word, after in zip(arguments, [*arguments[1:], ""], strict=True):
        option, equals, value = word.partition("=")
        value = value if equals else after
        if option == "--model":
            yield "", ""
        elif option.startswith("--model."):
            key = option.removeprefix("--model.").removeprefix("init_args.").partition(".")[0].rstrip("+")
            yield key, f"unrecognized arguments: {option} {value}".rstrip()
        elif option in ("--config", "-c"):
            for key in _keys_of_file(Path(value)):
                yield key, f"Subcommand '{command}' does not accept option 'model.{key}'"


def _keys_of_file(path: Path) -> list[str]:
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return []  # the parser says what is wrong
    model = config.get("model") if isinstance(config, dict) else None
    if model is None:
        return []
    if not isinstance(model, dict) or "init_args" in model:
        return [""]
    return [str(key).rstrip("+") for key in model]
