"""Every package exports what it says, in order."""

import ast
import importlib
import re
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = sorted(
    ".".join(init.parent.relative_to(ROOT).parts)
    for init in {*(ROOT / "litcodec").rglob("__init__.py"), ROOT / "litcodec" / "callbacks" / "__init__.py"}
)


def _order(name: str) -> tuple[int, list[tuple[str, int]]]:
    """Constants, then classes, then functions; numbers by value: what ruff's RUF022 keeps."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, [(text, int(number or -1)) for text, number in re.findall(r"(\D+)(\d*)", name)]


def _imported_names(package: str) -> set[str]:
    """Public names that the package's ``__init__.py`` takes from its own modules."""
    source = (ROOT / Path(*package.split(".")) / "__init__.py").read_text(encoding="utf-8")
    return {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(package)
        for alias in node.names
    }


def test_packages_are_found():
    assert {"litcodec", "litcodec.codecs", "litcodec.coding", "litcodec.callbacks"} <= set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_exported_names_exist_and_are_sorted(package: str):
    module = importlib.import_module(package)
    names = getattr(module, "__all__", [])
    assert names == sorted(names, key=_order)
    assert len(names) == len(set(names))
    for name in names:
        assert not isinstance(getattr(module, name), types.ModuleType)


@pytest.mark.parametrize("package", PACKAGES)
def test_exactly_what_is_re_exported_is_announced(package: str):
    names = getattr(importlib.import_module(package), "__all__", [])
    assert set(names) == _imported_names(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_what_it_is(package: str):
    assert (importlib.import_module(package).__doc__ or "").strip()
