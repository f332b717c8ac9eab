"""Texts from outside (names of files, messages of libraries) as one line that can be shown."""


def has_control_characters(text: str) -> bool:
    """Whether a text would break a line or move a terminal's cursor."""
    return any(map(_is_control, text))


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


def _is_control(letter: str) -> bool:
    return ord(letter) < 32 or 127 <= ord(letter) < 160 or letter in "\u2028\u2029"
