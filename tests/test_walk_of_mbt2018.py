"""Twelve files lead a reader of mbt2018 from YAML to bytes, each imported by one before it."""

import ast
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
SECTION = "## From YAML to bytes: mbt2018"
MAX_FILES = 12


def _walk() -> list[Path]:
    """The numbered files of the section, in order."""
    page = (ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")
    section = page.split(f"{SECTION}\n")[1].split("\n## ")[0]
    items = re.findall(r"^(\d+)\. `([^`]+)`", section, flags=re.MULTILINE)
    assert [int(number) for number, _ in items] == list(range(1, len(items) + 1))
    return [ROOT / name for _, name in items]


def _file_of(module: str) -> Path:
    path = ROOT / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _imported_names(file: Path) -> list[tuple[str, str]]:
    """(module, name) of every ``from module import name``; names may be modules themselves."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert all(node.level == 0 for node in nodes), file
    return [(node.module or "", alias.name) for node in nodes for alias in node.names]


def _home(module: str, name: str) -> Path:
    """The file that defines ``name``, through re-exports of packages."""
    if _file_of(f"{module}.{name}").exists():
        return _file_of(f"{module}.{name}")
    file = _file_of(module)
    if file.name == "__init__.py":
        for inner, exported in _imported_names(file):
            if exported == name:
                return _home(inner, exported)
    return file


def _files_imported_by(file: Path) -> set[Path]:
    return {_home(*found) for found in _imported_names(file) if found[0].split(".")[0] == "litcodec"}


def test_the_walk_has_at_most_twelve_files_and_each_exists():
    walk = _walk()
    assert 1 < len(walk) <= MAX_FILES
    assert len(set(walk)) == len(walk)
    assert [path for path in walk if not path.is_file()] == []


def test_the_yaml_names_the_class_of_the_next_file():
    configuration, codec, *_ = _walk()
    class_path = yaml.safe_load(configuration.read_text(encoding="utf-8"))["model"]["codec"]["class_path"]
    module, _, name = class_path.rpartition(".")
    assert _home(module, name) == codec
    assert re.search(rf"^class {name}\b", codec.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_every_file_is_imported_by_one_before_it():
    _, *files = _walk()
    for k, file in enumerate(files[1:], 1):
        assert file in set().union(*map(_files_imported_by, files[:k])), file


def test_a_re_export_leads_to_the_file_that_defines_the_name():
    assert _home("litcodec.latent_models", "ContextModel") == ROOT / "litcodec/latent_models/context.py"
    assert _home("litcodec.latent_coding", "rdoq") == ROOT / "litcodec/latent_coding/rdoq.py"
    assert _home("litcodec.errors", "ShapeError") == ROOT / "litcodec/errors.py"
