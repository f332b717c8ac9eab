"""Texts from outside (names of files, messages of libraries) as one line that can be shown."""


def has_control_characters(text: str) -> bool:
    """Whether a text would break a line or move a terminal's cursor."""
    return any(ord(letter) < 32 or 127 <= ord(letter) < 160 or letter in "\u2028\u2029" for letter in text)


def one_line(text: str, longest: int = 500) -> str:
    """The text's first line, control characters escaped, at most ``longest`` characters."""
    first = next((line for line in text.strip().split("\n") if line), "")[:longest]
    if not has_control_characters(first):
        return first
    return "".join(ascii(letter)[1:-1] if has_control_characters(letter) else letter for letter in first)
