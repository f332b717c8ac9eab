"""One word for one thing, the field's: words that litcodec does not use, in code, messages and pages."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
BANNED = (
    r"tells?",
    r"told",
    r"likewise",
    r"so many",
    r"of ours",
    r"what there is",
    r"yardsticks?",
    r"thrift(y)?",
    r"thaw(s|ed)?",
    r"in the box",
    r"stands in the place of",
    r"is seen to",
)
PATTERN = re.compile(rf"(?<![\w.])({'|'.join(BANNED)})(?![\w(])", re.IGNORECASE)
FOLDERS = ("litcodec", "callbacks", "docs", "configs", "sweeps")
ENDINGS = {".py", ".md", ".yaml", ".yml", ".js", ".html", ".css", ".toml", ".cff"}


def test_no_page_or_message_uses_a_word_of_its_own() -> None:
    files = [path for name in FOLDERS for path in (ROOT / name).rglob("*") if path.suffix in ENDINGS]
    files += [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "pyproject.toml", "mkdocs.yml")]
    assert len(files) > 300
    found = [
        f"{path.relative_to(ROOT)}:{k}: {word[0]}"
        for path in files
        for k, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for word in PATTERN.finditer(line)
    ]
    assert found == []
