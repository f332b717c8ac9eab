"""Finds misspelt keys of ``model`` and ``trainer``.

Answers only where an argument of ``CodecModule`` or of Lightning's ``Trainer`` is close to what was written;
everything else is left to the parser, which knows all keys.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from litcodec.configuration.given import Tree, options, read_config
from litcodec.configuration.sentences import nearest
from litcodec.configuration.sources import NotThere, signature_of
from litcodec.configuration.wrong_values import SECTIONS


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
    of_the_parser = {"class_path", "init_args", "help"}  # about the class
    known = {"model": of_the_parser | _arguments("model"), "trainer": _arguments("trainer")}
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


def _configs(arguments: Sequence[str]) -> Iterator[Tree]:
    for key, value in options(arguments):
        if key in ("--config", "-c"):
            yield read_config(value)


def _section(config: Any, name: str) -> dict[Any, Any]:
    section = config.get(name) if isinstance(config, dict) else None
    return section if isinstance(section, dict) else {}


def _arguments(section: str) -> set[str]:
    """The arguments of the usual class of a section; empty if its source is not where it was."""
    try:
        signature = signature_of(SECTIONS[section])
    except NotThere:
        return set()
    return set(signature.arguments) if signature is not None else set()
