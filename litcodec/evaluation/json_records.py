"""JSON files as NamedTuples whose values are typed and in range, whatever the files hold."""

import json
import math
import types
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args, get_origin, get_type_hints

from litcodec.errors import ResultsError
from litcodec.evaluation.texts import has_control_characters, is_utf_8
from litcodec.regular_file import regular_file

_INFINITE = {"inf": math.inf, "-inf": -math.inf}
_PATHS = ("image", "file")  # below a folder, never out of it
_LONGEST = 4096  # characters of a text


def read_object(path: Path, form: str, what: str) -> dict[str, Any]:
    """The JSON object in a file.

    Args:
        path: of the file.
        form: what its key "format" holds.
        what: such a file in words: "a results file of litcodec evaluate".

    Raises:
        ResultsError: if it is missing, no JSON, or another format.
    """
    try:
        found = json.loads(regular_file(path, ResultsError).read_bytes(), parse_constant=_no_number)
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{path} is not {what}: {error}.") from error
    if not isinstance(found, dict) or found.get("format") != form:
        raise ResultsError(f"{path} is not {what}.")
    return found


class RecordReader:
    """Parses JSON values by the types of the NamedTuples that hold them.

    Args:
        path: of the file, for messages.
        ranges: lowest and highest number, by key.
        remedy: what the user can do about a damaged file, a sentence.
    """

    def __init__(self, path: Path, ranges: Mapping[str, tuple[float, float]], remedy: str) -> None:
        self.path = path
        self.ranges = ranges
        self.remedy = remedy

    def record(self, cls: Any, found: object, where: str) -> Any:
        """A NamedTuple from a JSON object, found under the key ``where``; "" for the whole file."""
        if not isinstance(found, dict):
            self.damaged(f"{where} should be an object")
        values: dict[str, Any] = {}
        for key, hint in _hints(cls).items():
            inner = f"{where}.{key}" if where else key
            if key not in found and key in cls._field_defaults:
                continue  # of a later litcodec than the file's
            if key not in found:
                self.damaged(f"{inner} is missing")
            values[key] = self.value(hint, found[key], inner, key)
            if key in _PATHS and not _stays_below(values[key]):
                self.damaged(f"{inner} leads out of its folder: {short(values[key])}")
        return cls(**values)

    def value(self, hint: Any, found: object, where: str, key: str) -> Any:
        """One value of the type ``hint``."""
        origin = get_origin(hint)
        if origin is tuple:
            if not isinstance(found, list):
                self.damaged(f"{where} should be a list")
            item = get_args(hint)[0]
            return tuple(self.value(item, value, f"{where}[{k}]", key) for k, value in enumerate(found))
        if origin is Mapping:
            return self.scores(found, where)
        if origin is Literal:
            if not (isinstance(found, str) and found in get_args(hint)):
                self.damaged(f"{where} should be one of {', '.join(get_args(hint))}, not {short(found)}")
            return found
        if hasattr(hint, "_fields"):
            return self.record(hint, found, where)
        allowed = get_args(hint) if isinstance(hint, types.UnionType) or origin is not None else (hint,)
        if type(found) not in allowed and not (float in allowed and type(found) is int):  # True is an int
            words = " or ".join("null" if kind is types.NoneType else kind.__name__ for kind in allowed)
            self.damaged(f"{where} should be {words}, not {short(found)}")
        if isinstance(found, str):
            return self.text(found, where)
        if isinstance(found, (int, float)) and not isinstance(found, bool):
            return self.number(found, where, key, whole=float not in allowed)
        return found

    def scores(self, found: object, where: str) -> dict[str, float]:
        """Values by metric; null is nan."""
        if not isinstance(found, dict):
            self.damaged(f"{where} should be an object")
        values = {}
        for name, value in found.items():
            inner = f"{where}.{self.text(name, where)}"
            if value is None:
                values[name] = math.nan
            elif isinstance(value, str) and value in _INFINITE:
                values[name] = _INFINITE[value]
            elif type(value) not in (int, float):
                self.damaged(f"{inner} should be a number, null, inf or -inf, not {short(value)}")
            else:
                values[name] = self.number(value, inner, "values", whole=False)
        return values

    def text(self, found: str, where: str) -> str:
        """A text that can be shown in one line."""
        if len(found) > _LONGEST:
            self.damaged(f"{where} has {len(found)} characters, more than {_LONGEST}")
        if has_control_characters(found):
            self.damaged(f"{where} holds control characters: {short(found)}")
        if not is_utf_8(found):
            self.damaged(f"{where} holds half a character, a lone surrogate: {short(found)}")
        return found

    def number(self, found: int | float, where: str, key: str, *, whole: bool) -> int | float:
        """A number within the range of its key."""
        low, high = self.ranges.get(key, (-1e300, 1e300))
        if not low <= found <= high:  # nan, too
            self.damaged(f"{where} should be {low:g} to {high:g}, not {short(found)}")
        return found if whole else float(found)

    def damaged(self, what: str) -> NoReturn:
        """Refuse the file."""
        raise ResultsError(f"{self.path} is damaged: {what}. {self.remedy}")


@cache
def _hints(cls: Any) -> Mapping[str, Any]:
    return get_type_hints(cls)


def plain(value: Any) -> Any:
    """NamedTuples as objects, other tuples as lists, what JSON has no number for as null or "inf"."""
    if isinstance(value, tuple):
        fields = getattr(value, "_fields", None)
        if fields is None:
            return [plain(item) for item in value]
        return {key: plain(item) for key, item in zip(fields, value, strict=True)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else f"{value}"
    return value


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number in JSON")


def _stays_below(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/")


def short(value: object) -> str:
    """A value for a message: one line, not long."""
    if isinstance(value, int) and abs(value) >= 10**40:
        return f"an integer of {value.bit_length()} bits"
    try:
        text = ascii(value[:100]) if isinstance(value, str) else ascii(value)
    except (RecursionError, ValueError):
        return f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
