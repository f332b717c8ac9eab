"""Checks the values and classes of a configuration against the signatures in source files."""

import ast
import json
import re
from pathlib import Path
from typing import Any

from litcodec.configuration.annotations import SCALARS, names_of, scalar_type, wants_class
from litcodec.configuration.given import Tree
from litcodec.configuration.sentences import Mistake, meant, no_class, not_there, wrong_value
from litcodec.configuration.sources import Argument, NotThere, public_names, signature_of

# The keys of a configuration below which the arguments of a class stand, which a class_path may replace.
SECTIONS = {
    "model": "litcodec.training.module.CodecModule",
    "trainer": "lightning.pytorch.trainer.trainer.Trainer",
    "checkpoint": "lightning.pytorch.callbacks.ModelCheckpoint",
    "nonfinite_guard": "litcodec.training.guard.NonFiniteGuard",
    "data": "",  # always chosen by the user
}
# Whose classes are found by their name alone.
ROOMS = ("litcodec.codecs", "litcodec.data", "litcodec.objectives", "litcodec.callbacks")
OTHER_ROOMS = (
    "lightning.pytorch.callbacks",
    "lightning.pytorch.loggers",
    "torch.optim",
    "torch.optim.lr_scheduler",
)
EXISTING_FOLDER = "ExistingFolder"  # the annotation's name, see litcodec/data/datamodule.py
_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_LIBRARIES = {"litcodec", "callbacks", "lightning", "torch", "torchvision", "wandb"}
_OF_THE_PARSER = ("class_path", "init_args", "dict_kwargs", "help")
_NO_CLASS = {"true", "false", "null", "none", "yes", "no", "on", "off"}


def check_values(given: Tree) -> None:
    """Check every value whose type the sources say, and that every class is there.

    Raises:
        Mistake: of the first that is wrong.
    """
    for section, usual in SECTIONS.items():
        node = given.get(section)
        if isinstance(node, str) and _is_class(node):
            node = {"class_path": node}
        if isinstance(node, dict) and (usual or "class_path" in node):
            _check_class(section, {"class_path": usual, **node}, _only_ours(given))


def _check_class(key: str, node: Tree, sure: bool) -> None:
    """``sure``: a name without a module is one of ``ROOMS``, or wrong."""
    path = node["class_path"]
    if not isinstance(path, str):
        return
    if "." not in path:
        path = _in_a_room(key, path, sure)
    try:
        signature = signature_of(path) if path else None
    except NotThere as error:
        raise Mistake(not_there(key, error)) from error
    inner = node.get("init_args")
    arguments = dict(inner) if isinstance(inner, dict) else {}
    arguments |= {k: v for k, v in node.items() if k not in _OF_THE_PARSER}  # of the command line
    direct = key in SECTIONS and key != "data"
    for name, value in arguments.items():
        known = signature.arguments.get(name) if signature is not None else None
        if signature is not None and signature.whole and known is None and not direct:
            raise Mistake(f"{path} takes no {name}{meant(str(name), signature.arguments)}")
        _check_value(f"{key}.{name}" if direct else f"{key}.init_args.{name}", value, known, sure)


def _check_value(key: str, value: Any, argument: Argument | None, sure: bool) -> None:
    if isinstance(value, dict):
        if "class_path" in value:
            _check_class(key, value, sure)
        return
    annotation = argument.spelt_out() if argument is not None else None
    names = set(names_of(annotation))
    for each in value if isinstance(value, list) else ():
        _check_value(key, each, None, sure)
        if isinstance(each, str) and wants_class(names) and _is_class(each):
            _check_class(key, {"class_path": each}, sure)
    if isinstance(value, list) or "${" in str(value):
        return
    if EXISTING_FOLDER in names:
        if isinstance(value, str) and value.lower() not in _NO_CLASS:
            _check_folder(key, Path(value))
    elif names <= SCALARS:
        optional = argument is not None and ast.unparse(argument.default or ast.Constant(...)) == "None"
        _check_scalar(key, value, scalar_type(annotation) | None if optional else scalar_type(annotation))
    elif isinstance(value, str) and wants_class(names) and _is_class(value):
        _check_class(key, {"class_path": value}, sure)


def _check_folder(key: str, folder: Path) -> None:
    if not folder.exists():
        raise Mistake(f"{key}: there is no folder {folder}.")
    if folder.is_dir() and next(folder.iterdir(), None) is None:
        raise Mistake(f"{key}: the folder {folder} is empty.")


def _check_scalar(key: str, value: Any, kind: Any) -> None:
    """Ask the parser of all options, here with this one alone."""
    from jsonargparse import ArgumentError, ArgumentParser  # 0.1 s, which other commands need not wait for

    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument(f"--{key}", type=kind)
    try:
        parser.parse_args([f"--{key}={value if isinstance(value, str) else json.dumps(value, default=str)}"])
    except ArgumentError as error:
        if said := wrong_value(" ".join(str(error).split())):
            raise Mistake(said) from error


def _in_a_room(key: str, name: str, sure: bool) -> str | None:
    """The whole path of a class named without its module; None if it may be a class of the user's."""
    rooms = {room: public_names(room) for room in (*ROOMS, *OTHER_ROOMS)}
    for room, names in rooms.items():
        if name in names:
            return f"{room}.{name}"
    if sure and key.count(".") < 2 and _is_class(name):
        raise Mistake(no_class(key, name, [each for room in ROOMS for each in rooms[room]]))
    return None


def _only_ours(node: Any) -> bool:
    """Whether no package of the user's is imported, whose classes could also be found by their name."""
    if isinstance(node, dict):
        path = node.get("class_path")
        foreign = isinstance(path, str) and "." in path and path.partition(".")[0] not in _LIBRARIES
        return not foreign and "plugin" not in node and all(map(_only_ours, node.values()))
    if isinstance(node, list):
        return all(map(_only_ours, node))
    return not (
        isinstance(node, str) and _is_class(node) and "." in node and node.partition(".")[0] not in _LIBRARIES
    )


def _is_class(text: str) -> bool:
    """Whether a text can name a class; a file, true and null cannot."""
    if _CLASS.fullmatch(text) is None or text.lower() in _NO_CLASS:
        return False
    return not (text.endswith((".yaml", ".yml", ".json")) or Path(text).is_file())
