"""Fills in the macros of a sweep's command, such as ``${args}``, as W&B's agent does."""

import json
import os
import re
from collections.abc import Mapping, Sequence

from litcodec.errors import SweepError

DEFAULT_COMMAND = ("${env}", "${interpreter}", "${program}", "${args}")  # W&B's, where a file gives none
ENVIRONMENT_VARIABLE = re.compile(r"\$\{envvar:([A-Z0-9_]*)\}")


def expand(
    command: Sequence[object], program: str | None, arguments: Mapping[str, object]
) -> tuple[str, ...]:
    """A command of one grid point.

    Args:
        command: the file's; a macro is an element of its own, only ``${envvar:NAME}`` may stand within one.
        program: the file's, for ``${program}``.
        arguments: key -> value of this point.

    Raises:
        SweepError: if a macro is unknown, makes no sense here, or stands within a word.
    """
    words: list[str] = []
    for element in command:
        word = ENVIRONMENT_VARIABLE.sub(_environment, str(element))
        if word.startswith("${") and word.endswith("}"):
            words += _macro(word, program, arguments)
        elif "${args" in word:
            raise SweepError(f"{word!r}: ${{args}} must be an element of the command of its own.")
        elif (unknown := _unknown_macro(word)) is not None:
            raise SweepError(
                f"{word!r}: {unknown} is not known to litcodec sweep; within a word only ${{envvar:NAME}} "
                "is, and keys of the configuration with their dots, such as ${model.lmbda}."
            )
        else:
            words.append(word)
    return tuple(words)


def takes_arguments(command: Sequence[object]) -> bool:
    """Whether a command gets the point's values at all."""
    return any(str(element).startswith("${args") for element in command)


def _unknown_macro(word: str) -> str | None:
    """What begins like a macro, and is neither one nor an interpolation of the configuration's."""
    for start in re.finditer(r"\$\{", word):
        found = re.match(r"\$\{[A-Za-z_]\w*(\.\w+)+\}", word[start.start() :])
        if found is None:
            return word[start.start() :][:40]
    return None


def _environment(match: re.Match[str]) -> str:
    name = match.group(1)
    if name not in os.environ:
        raise SweepError(f"{match.group()}: the environment variable {name} is not set.")
    return os.environ[name]


def _macro(macro: str, program: str | None, arguments: Mapping[str, object]) -> list[str]:
    pairs = [(key, str(value)) for key, value in arguments.items()]
    match macro[2:-1]:
        case "env":
            return []  # /usr/bin/env, which changes nothing
        case "interpreter":
            return ["python"]
        case "program":
            if program is None:
                raise SweepError("the command asks for ${program}, but the file has no key 'program'.")
            return [program]
        case "args":
            return [f"--{key}={value}" for key, value in pairs]
        case "args_no_equals":
            return [word for key, value in pairs for word in (f"--{key}", value)]
        case "args_no_hyphens":
            return [f"{key}={value}" for key, value in pairs]
        case "args_no_boolean_flags":
            return [
                f"--{key}" if value is True else f"--{key}={value}"
                for key, value in arguments.items()
                if value is not False
            ]
        case "args_json":
            return [json.dumps(dict(arguments))]
    raise SweepError(
        f"macro {macro} is not known to litcodec sweep; use ${{args}}, which gives --model.lmbda=0.013."
    )
