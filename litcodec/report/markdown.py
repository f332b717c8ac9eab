"""Tables in Markdown."""

from collections.abc import Sequence


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, words: int) -> str:
    """A table; its first ``words`` columns to the left, numbers to the right."""
    rule = ["---" if k < words else "---:" for k in range(len(head))]
    lines = [[cell(text) for text in head], rule, *([cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    """A text within a table: names may hold anything, and a bar or a line break would break it."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
