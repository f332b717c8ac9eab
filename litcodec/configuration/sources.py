"""Finds what a class path names and which arguments it takes, from source files: nothing is imported.

Importing Lightning to ask takes five seconds. Where a source does not say (compiled modules, names made at
run time, decorators), the answer is "not known", and the parser decides.
"""

import ast
import importlib.util
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import NamedTuple

_DEPTH = 8  # re-exports and base classes followed from one name
_ALIASES = 3  # within each other in an annotation


class Argument(NamedTuple):
    """An argument of a class or function."""

    annotation: ast.expr | None
    default: ast.expr | None
    module: str  # where the annotation stands

    def spelt_out(self) -> ast.expr | None:
        """The annotation, with ``Literal["a", "b"]`` for the name ``Kind`` where a module says so."""
        return None if self.annotation is None else _Aliases(self.module).visit(deepcopy(self.annotation))


class Signature(NamedTuple):
    """The arguments of a class or function."""

    arguments: Mapping[str, Argument]
    whole: bool  # it takes no others


class _Module(NamedTuple):
    defined: Mapping[str, ast.stmt]  # by name; imports too
    dynamic: bool  # it may have other names


class NotThere(Exception):
    """A module, or a name in one, that is certainly not there."""

    def __init__(self, module: str, name: str = "", known: tuple[str, ...] = ()) -> None:
        super().__init__(module, name)
        self.module, self.name, self.known = module, name, known


def signature_of(path: str) -> Signature | None:
    """The arguments of what a dotted path names; None where the sources do not say.

    Raises:
        NotThere: if its module, or the name in it, does not exist.
    """
    module, _, name = path.rpartition(".")
    found = _definition(module, name)
    return None if found is None else _signature(*found, depth=0)


def forget() -> None:
    """Read the sources again: another folder may be the current one."""
    _read.cache_clear()
    _spec.cache_clear()


def public_names(module: str) -> tuple[str, ...]:
    """The names of a module that do not begin with an underscore; none if it has no source."""
    read = _read(module)
    return tuple(name for name in read.defined if not name.startswith("_")) if read is not None else ()


def _definition(module: str, name: str, depth: int = 0) -> tuple[str, ast.stmt] | None:
    """The statement that defines a name, and the module it stands in, through re-exports."""
    read = _read(module)
    if read is None or depth > _DEPTH:
        return None
    node = read.defined.get(name)
    if node is None:
        if read.dynamic or (_is_package(module) and _spec(f"{module}.{name}") is not None):
            return None
        raise NotThere(module, name, public_names(module))
    if isinstance(node, ast.ImportFrom):
        original = next(each.name for each in node.names if name in (each.asname, each.name))
        return _definition(_absolute(module, node), original, depth + 1)
    return (module, node) if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.Assign)) else None


def _absolute(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    above = parts[: len(parts) - node.level + _is_package(module)]
    return ".".join([*above, *([node.module] if node.module else [])])


def _is_package(module: str) -> bool:
    spec = _spec(module)
    return spec is not None and spec.submodule_search_locations is not None


def _signature(module: str, node: ast.stmt, depth: int) -> Signature | None:
    if isinstance(node, ast.FunctionDef):
        return _of_function(module, node, skip=0)
    if not isinstance(node, ast.ClassDef) or depth > _DEPTH:
        return None
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            found = _of_function(module, method, skip=1)
            return found._replace(whole=found.whole and not node.decorator_list)
    bases = [_base(module, base, depth) for base in node.bases]
    if [ast.unparse(each).partition("(")[0] for each in node.decorator_list] == ["dataclass"]:
        fields = {
            each.target.id: Argument(each.annotation, each.value, module)
            for each in node.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        }
        inherited = [base for base in bases if base is not None]
        return Signature(
            {name: each for base in inherited for name, each in base.arguments.items()} | fields, whole=False
        )
    return bases[0] if len(bases) == 1 and not node.decorator_list else None


def _base(module: str, node: ast.expr, depth: int) -> Signature | None:
    try:
        found = _definition(module, node.id) if isinstance(node, ast.Name) else None
        return None if found is None else _signature(*found, depth=depth + 1)
    except NotThere:  # a builtin
        return None


def _of_function(module: str, node: ast.FunctionDef, skip: int) -> Signature:
    given = node.args
    listed = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [*[None] * (len(listed) - len(given.defaults)), *given.defaults]
    pairs = [*zip(listed, defaults, strict=True)][skip:]
    pairs += zip(given.kwonlyargs, given.kw_defaults, strict=True)
    whole = given.vararg is None and given.kwarg is None and not node.decorator_list
    arguments = {each.arg: Argument(each.annotation, default, module) for each, default in pairs}
    return Signature(arguments, whole)


class _Aliases(ast.NodeTransformer):
    def __init__(self, module: str, depth: int = 0) -> None:
        self.module, self.depth = module, depth

    def visit_Subscript(self, node: ast.Subscript) -> ast.Subscript:
        if not (isinstance(node.value, ast.Name) and node.value.id == "Literal"):
            node.slice = self.visit(node.slice)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        try:
            found = _definition(self.module, node.id) if self.depth < _ALIASES else None
        except NotThere:  # a builtin
            return node
        if found is None or not isinstance(found[1], ast.Assign) or isinstance(found[1].value, ast.Name):
            return node
        meaning: ast.expr = _Aliases(found[0], self.depth + 1).visit(deepcopy(found[1].value))
        return meaning


@cache
def _read(module: str) -> _Module | None:
    """The names of a module; None if it has no source that can be read.

    Raises:
        NotThere: if there is no such module.
    """
    spec = _spec(module)
    if spec is None:
        above, _, name = module.rpartition(".")
        parent = _read(above) if above else None
        if above and (parent is None or parent.dynamic or name in parent.defined):
            return None  # a class, and what follows is in it
        raise NotThere(module)
    if spec.origin is None or not spec.origin.endswith(".py"):
        return None
    try:
        body = ast.parse(Path(spec.origin).read_bytes()).body
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None
    defined: dict[str, ast.stmt] = {}
    dynamic = False
    for node in _statements(body):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [(each.asname or each.name).partition(".")[0] for each in node.names]
            dynamic |= "*" in names
        elif isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names = [node.name]
            dynamic |= node.name == "__getattr__"
        else:
            used = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
            names = [each.id for each in used if isinstance(each.ctx, ast.Store)]
            dynamic |= bool({"globals", "setattr", "exec", "locals"} & {each.id for each in used})
        defined |= dict.fromkeys(names, node)
    return _Module(defined, dynamic)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Those of a module, also within ``if``, ``try`` and ``with``."""
    for node in body:
        blocks = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
        blocks += [handler.body for handler in getattr(node, "handlers", [])]
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) or not any(blocks):
            yield node
        else:
            for block in blocks:
                yield from _statements(block)


@cache
def _spec(module: str) -> ModuleSpec | None:
    """Where a module lies; unlike ``importlib.util.find_spec``, it does not import its packages.

    Raises:
        NotThere: if a package on the way to it does not exist.
    """
    parent, _, _ = module.rpartition(".")
    if not parent:
        try:
            return importlib.util.find_spec(module) if module else None
        except (ImportError, ValueError):  # __main__ and the like
            return None
    package = _spec(parent)
    if package is None:
        raise NotThere(parent)
    if package.submodule_search_locations is None and not str(package.origin).endswith(".py"):
        return package  # a loader of its own decides
    return PathFinder.find_spec(module, package.submodule_search_locations or [])
