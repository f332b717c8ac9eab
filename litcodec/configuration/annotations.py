"""Reads type annotations of a source file as syntax."""

import ast
from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import Any, Literal

_TYPES = {"int": int, "float": float, "bool": bool}
SCALARS = {*_TYPES, "None", "Literal"}
_TEXTS = {"str", "Path", "Any", "object", "dict", "?"}


def wants_class(names: set[str]) -> bool:
    """Whether an argument of these types takes a class, and no other text."""
    others = names - SCALARS
    return bool(others) and not others & _TEXTS and not any(name.startswith("_") for name in others)


def names_of(node: ast.expr | None) -> Iterator[str]:
    """The types that an annotation allows, by name; ``?`` for one that is not understood."""
    match node:
        case ast.Name(name) | ast.Attribute(attr=name):
            yield name
        case ast.Constant(None):
            yield "None"
        case ast.Constant(str(text)):
            yield from names_of(_parsed(text))
        case ast.BinOp(left, ast.BitOr(), right):
            yield from (*names_of(left), *names_of(right))
        case ast.Subscript(ast.Name("Optional" | "Union" as outer), inside):
            yield from ("None",) if outer == "Optional" else ()
            for each in inside.elts if isinstance(inside, ast.Tuple) else [inside]:
                yield from names_of(each)
        case ast.Subscript(ast.Name("Literal"), _):
            yield "Literal"
        case ast.Subscript(ast.Name("list" | "Iterable" | "Sequence"), inside):
            inner = set(names_of(inside))
            yield from inner if wants_class(inner) else ("?",)
        case _:
            yield "?"


def scalar_type(node: ast.expr | None) -> Any:
    """The type of an annotation whose ``names_of`` are ``SCALARS``."""
    match node:
        case ast.Name(name):
            return _TYPES[name]
        case ast.Constant(str(text)):
            return scalar_type(_parsed(text))
        case ast.BinOp(left, _, right):
            return scalar_type(left) | scalar_type(right)
        case ast.Subscript(ast.Name("Literal"), inside):
            return Literal[ast.literal_eval(inside)]
        case ast.Subscript(ast.Name(outer), inside):
            listed = inside.elts if isinstance(inside, ast.Tuple) else [inside]
            found = reduce(or_, map(scalar_type, listed))
            return found | None if outer == "Optional" else found
        case _:
            return None


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None
