"""Describes what the parser finds wrong with a configuration, in one sentence."""

import importlib
import inspect
import re
from collections.abc import Iterator

from jsonargparse import ArgumentParser

from litcodec.configuration.sentences import meant, no_class, wrong_value
from litcodec.training.short_names import known_names

_UNKNOWN = re.compile(r"unrecognized arguments: --(?P<word>[\w.]+)|does not accept option '(?P<key>[\w.]+)'")
_ARGUMENT = re.compile(r"given class_path '(?P<path>[\w.]+)': Option '(?P<key>[\w.]+)' is not accepted")
_CLASS = re.compile(r"module '(?P<room>[\w.]+)' has no attribute '(?P<name>\w+)'")
_FOREIGN = re.compile(
    r"Parser key \"(?P<key>[\w.]+)\".*Problem with given class_path '(?P<path>[\w.]+)': (?P<reason>.*?)"
    r"( - Expected a | Given value|$)"
)
_KIND = re.compile(
    r"Parser key \"(?P<key>[\w.]+)\".*Import path (?P<path>[\w.]+) does not correspond to a subclass of "
    r"(?P<kind>\w+)"
)
_NAME = re.compile(r"Parser key \"(?P<key>[\w.]+)\".*Expected a dot import path string: (?P<name>\w+)(?= |$)")


def explained(parser: ArgumentParser, message: str) -> str:
    """One sentence for what ``parser`` says is wrong, with the nearest known name if there is one."""
    message = " ".join(message.split())
    if said := wrong_value(message):
        return said
    if unknown := _ARGUMENT.search(message):
        path, key = unknown["path"], unknown["key"]
        return f"{path} takes no {key}{meant(key, _arguments(path))}"
    if unknown := _CLASS.search(message):
        room, name = unknown["room"], unknown["name"]
        return f"{room} has no {name}{meant(name, dir(importlib.import_module(room)))}"
    if unknown := _NAME.search(message):
        key, name = unknown["key"], unknown["name"]
        return no_class(key, name, known_names())
    if unknown := _UNKNOWN.search(message):
        return message + meant(unknown["word"] or unknown["key"], set(_keys(parser)))
    if unknown := _KIND.search(message):
        return f"{unknown['key']}: {unknown['path']} is not a subclass of {unknown['kind']}."
    if unknown := _FOREIGN.search(message):
        return f"{unknown['key']}: {unknown['path']} cannot be imported: {unknown['reason'].rstrip('.')}."
    return message


def _arguments(path: str) -> list[str]:
    room, _, name = path.rpartition(".")
    return list(inspect.signature(getattr(importlib.import_module(room), name)).parameters)


def _keys(parser: ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from (word.lstrip("-") for word in action.option_strings)
        if isinstance(action.choices, dict):  # subcommands
            for each in action.choices.values():
                yield from _keys(each)
