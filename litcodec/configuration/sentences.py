"""Describes a mistake in a configuration: the key, the value, and what can be written instead."""

import ast
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches

from litcodec.configuration.sources import NotThere

_WORDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "NoneType": "null"}
_KEY = re.compile(r'Parser key "([\w.]+)": ?')
_ONE = re.compile(
    r"Expected a (?P<types>.*?)\. Got value: (?P<value>.*?)(?: - (?:Expected a|Problem with) .*)?$"
)
_UNION = re.compile(
    r"Does not validate against any of the Union subtypes Subtypes: (?P<types>.*?) Errors: .*? "
    r"Given value type: \S+ '?\S*'?>? Given value: (?P<value>.*?)(?: - Expected a .*)?$"
)
_TYPE = re.compile(r"<class '([^']*)'>|typing\.Literal\[([^\]]*)\]")


class Mistake(Exception):
    """A sentence about a mistake of a configuration."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The name in ``known`` that ``word`` perhaps meant."""
    return next(iter(get_close_matches(word, sorted(known), n=1, cutoff=0.75)), None)


def meant(word: str, known: Iterable[str], shown: Callable[[str], str] = str) -> str:
    """The end of a sentence: what ``word`` perhaps meant."""
    found = nearest(word, known)
    return f". Did you mean {shown(found)}?" if found else "."


def wrong_value(message: str) -> str | None:
    """The parser's ``message`` about a value of the wrong type, in one sentence; None for another message.

    Args:
        message: on one line; keys of classes within classes are named one after another.
    """
    parts = _KEY.split(message)
    keys, rest = parts[1::2], parts[-1]
    found = _UNION.match(rest) or _ONE.match(rest)
    if not keys or found is None:
        return None
    wanted = _wanted(found["types"])
    return wanted and f"{'.init_args.'.join(keys)} must be {wanted}; got {found['value']}."


def _wanted(types: str) -> str | None:
    """``a whole number or null`` for ``[<class 'int'>, <class 'NoneType'>]``; None for other types."""
    words: list[str] = []
    choices: list[str] = []
    if _TYPE.sub("", types).strip("[], "):
        return None
    for name, literal in _TYPE.findall(types):
        if name and name not in _WORDS:
            return None
        if literal:
            choices += [str(each) for each in ast.literal_eval(f"[{literal}]")]
        else:
            words.append(_WORDS[name])
    if _WORDS["float"] in words and _WORDS["int"] in words:
        words.remove(_WORDS["int"])
    if choices:
        words.insert(0, f"one of {', '.join(dict.fromkeys(choices))}")
    others = ", ".join(word for word in words if word != "null")
    return f"{others} or null" if "null" in words else others or None


def no_class(key: str, name: str, known: Iterable[str]) -> str:
    """There is no class of this name alone."""
    return f"{key}: there is no class {name}{meant(name, known)}"


def not_there(key: str, error: NotThere) -> str:
    """A class path whose module does not exist, or does not have the name."""
    if error.name:
        return f"{error.module} has no {error.name}{meant(error.name, error.known)}"
    return f"{key}: there is no module {error.module}. Start litcodec where it lies, or install it."
