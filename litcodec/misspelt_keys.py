"""A misspelt key of a configuration, answered before PyTorch and Lightning are imported, which takes seconds.

Reads the signatures of ``CodecModule`` and Lightning's ``Trainer`` from their source. Answers only where one
of their arguments is close to what was written; everything else is left to the parser, which knows all keys.
"""

import ast
import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

SEE_HELP = "see litcodec fit --help, or add --print_config"
_TRAINER = Path("pytorch", "trainer", "trainer.py")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The name in ``known`` that ``word`` perhaps meant."""
    return next(iter(get_close_matches(word, sorted(known), n=1, cutoff=0.75)), None)


def misspelt_key(arguments: Sequence[str]) -> str | None:
    """What is wrong with the first misspelt ``model.*`` or ``trainer.*`` key, in one sentence.

    Args:
        arguments: a command line after ``fit`` and the like, with its ``--config`` files.

    Returns:
        The sentence, with the key that was perhaps meant; None where the parser must decide.
    """
    configs = list(_configs(arguments))
    chosen = "--model" in {word.partition("=")[0] for word in arguments} or any(
        word.startswith("--model.class_path") for word in arguments
    )
    if chosen or any("class_path" in _section(config, "model") for config in configs):
        return None  # another LightningModule, with arguments of its own
    known = {"model": _model_arguments(), "trainer": _trainer_arguments()}
    for config in configs:
        for section, names in known.items():
            for key in _section(config, section):
                if meant := _meant(str(key).removesuffix("+"), names):
                    return f"there is no key {section}.{key}. Did you mean {section}.{meant}?"
    for k, word in enumerate(arguments):
        section, _, key = word.partition("=")[0].removeprefix("--").partition(".")
        if word.startswith("--") and section in known and "." not in key:
            if meant := _meant(key.removesuffix("+"), known[section]):
                value = "" if "=" in word else " ".join(["", *arguments[k + 1 : k + 2]])
                return f"unrecognized arguments: {word}{value}. Did you mean {section}.{meant}?"
    return None


def _meant(key: str, names: set[str]) -> str | None:
    """The close name; None if ``key`` is one."""
    return None if key in names else nearest(key, names)


def _configs(arguments: Sequence[str]) -> Iterator[Any]:
    for word, after in zip(arguments, [*arguments[1:], ""], strict=True):
        key, equals, value = word.partition("=")
        if key in ("--config", "-c"):
            try:
                yield yaml.safe_load(Path(value if equals else after).read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError, yaml.YAMLError):
                continue  # the parser says what is wrong with it


def _section(config: Any, name: str) -> dict[Any, Any]:
    section = config.get(name) if isinstance(config, dict) else None
    return section if isinstance(section, dict) else {}


def _model_arguments() -> set[str]:
    own = {"class_path", "init_args", "help"}  # of the parser, about the class
    return own | _arguments(Path(__file__).with_name("training") / "module.py", "CodecModule")


def _trainer_arguments() -> set[str]:
    found = importlib.util.find_spec("lightning")
    folders = found.submodule_search_locations if found is not None else None
    return _arguments(Path(next(iter(folders or ())), _TRAINER), "Trainer") if folders else set()


def _arguments(source: Path, name: str) -> set[str]:
    """The arguments of a class's ``__init__``; empty if the source is not where it was."""
    if not source.is_file():
        return set()
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        for method in node.body if isinstance(node, ast.ClassDef) and node.name == name else ():
            if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                return {each.arg for each in (*method.args.args[1:], *method.args.kwonlyargs)}
    return set()
