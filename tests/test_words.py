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
# Parts of identifiers, too; where an earlier version's files or options have it, by file and number of lines.
BANNED_IN_NAMES = re.compile("picture", re.IGNORECASE)
KEPT = {
    "callbacks/report_page.py": 3,  # the former name of an argument
    "litcodec/usage/evaluation_options.py": 1,  # the former name of an option
    "litcodec/dashboard/run_points.py": 1,  # a key of rd_point.json
    "litcodec/overfitted/trainer.py": 1,  # a key of a fit's state
}
FOLDERS = ("litcodec", "callbacks", "docs", "configs", "sweeps")
ENDINGS = {".py", ".md", ".yaml", ".yml", ".js", ".html", ".css", ".toml", ".cff"}


def _files() -> list[Path]:
    files = [path for name in FOLDERS for path in (ROOT / name).rglob("*") if path.suffix in ENDINGS]
    return files + [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "pyproject.toml", "mkdocs.yml")]


def test_no_page_or_message_uses_a_word_of_its_own() -> None:
    files = _files()
    assert len(files) > 300
    found = [
        f"{path.relative_to(ROOT)}:{k}: {word[0]}"
        for path in files
        for k, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for word in PATTERN.finditer(line)
    ]
    assert found == []


def test_no_name_has_another_word_for_an_image_than_files_and_options_of_earlier_versions_need() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): sum(
            BANNED_IN_NAMES.search(line) is not None for line in path.read_text(encoding="utf-8").splitlines()
        )
        for path in _files()
    }
    found |= {name: 1 for name in found if BANNED_IN_NAMES.search(name)}
    assert {name: count for name, count in found.items() if count} == KEPT


def test_no_docstring_only_points_at_another() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{k}"
        for path in _files()
        for k, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if path.suffix == ".py" and line.lstrip().startswith('"""See ')
    ]
    assert found == []
