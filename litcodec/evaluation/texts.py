"""Makes texts from outside (file names, messages of libraries) one printable line."""

import re

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def has_control_characters(text: str) -> bool:
    """Whether a text would break a line or move a terminal's cursor."""
    return _CONTROL.search(text) is not None


def is_utf_8(text: str) -> bool:
    """Whether a text can be written; bytes of file names that are not UTF-8 reach Python as surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def can_be_shown(text: str) -> bool:
    """Whether a results file can hold a text, and a table show it."""
    return is_utf_8(text) and not has_control_characters(text)


def one_line(text: str, longest: int = 500) -> str:
    """The text's first line, what cannot be shown escaped, at most ``longest`` characters."""
    first = next((line for line in text.strip().split("\n") if line), "")[:longest]
    return "".join(ascii(letter)[1:-1] if not can_be_shown(letter) else letter for letter in first)
