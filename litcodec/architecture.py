"""The class of an object and its constructor's arguments, as plain values from which it can be rebuilt.

``Buildable`` records the arguments of its constructor, so anyone's codec can be written to a file and built
again. Reading never imports anything: ``build`` looks for class paths only among the loaded classes of
litcodec and of the plugins that the user chose (``litcodec.plugins``).
"""

import functools
import inspect
import json
import sys
import types
import typing
import warnings
from collections.abc import Callable, Iterator
from reprlib import repr as shortened
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar

from litcodec.errors import ArchitectureError

Plain = bool | int | float | str | None | list["Plain"] | dict[str, "Plain"]
T = TypeVar("T", bound="Buildable")

NESTED = {"class_path", "init_args"}
MAX_NESTING = 16
MAX_TEXT = 200


class Architecture(NamedTuple):
    """A class and its arguments."""

    class_path: str  # dotted, as a configuration names it
    init_args: dict[str, Plain]  # nested parts are {"class_path": …, "init_args": …}

    @property
    def name(self) -> str:
        """The class alone."""
        return self.class_path.rpartition(".")[2]

    @property
    def identity(self) -> str:
        """The text by which two architectures are the same."""
        return json.dumps([self.class_path, self.init_args], sort_keys=True)


class Buildable:
    """A class whose objects know how they were made.

    Constructor arguments are numbers, words, None, lists of these, or other ``Buildable`` objects.
    """

    training_arguments: ClassVar[frozenset[str]] = frozenset()  # those that a decoder does not need
    # Those that a class got later. Left out where they are as usual: fingerprints of older codecs stay.
    later_arguments: ClassVar[frozenset[str]] = frozenset()
    _arguments: dict[str, Any]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "__init__" in cls.__dict__:
            cls.__init__ = _recording(cls.__init__)  # type: ignore[method-assign]

    @property
    def architecture(self) -> Architecture:
        """How to build this object again.

        Raises:
            ArchitectureError: if an argument is not a plain value.
        """
        usual = {
            name: parameter.default for name, parameter in inspect.signature(type(self)).parameters.items()
        }
        found = {
            name: _plain(value, f"{type(self).__name__}({name}=…)")
            for name, value in self._arguments.items()
            if name not in self.training_arguments
            and not (name in self.later_arguments and value == usual[name])
        }
        return Architecture(class_path_of(type(self)), found)


def _recording(init: Callable[..., None]) -> Callable[..., None]:
    """The constructor, which notes its arguments first; the outermost of several classes' wins."""

    @functools.wraps(init)
    def recording(self: Buildable, *args: Any, **kwargs: Any) -> None:
        if "_arguments" not in self.__dict__:
            bound = inspect.signature(init).bind(self, *args, **kwargs)
            bound.apply_defaults()
            # Past nn.Module's __setattr__, which is not ready yet.
            object.__setattr__(self, "_arguments", dict(list(bound.arguments.items())[1:]))
        init(self, *args, **kwargs)

    return recording


def _plain(value: object, where: str) -> Plain:
    if isinstance(value, Buildable):
        return dict(value.architecture._asdict())
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(each, where) for each in value]
    raise ArchitectureError(
        f"{where} is a {type(value).__name__}, which a codec file cannot describe. Make its class a "
        "litcodec.architecture.Buildable, or build it inside the constructor from numbers and words."
    )


def class_path_of(cls: type) -> str:
    """The shortest dotted path under which loaded modules offer ``cls``."""
    parts = cls.__module__.split(".")
    for count in range(1, len(parts)):
        package = ".".join(parts[:count])
        if getattr(sys.modules.get(package), cls.__name__, None) is cls:
            return f"{package}.{cls.__name__}"
    return f"{cls.__module__}.{cls.__qualname__}"


def build(architecture: object, *, expected: type[T], roots: tuple[str, ...]) -> T:
    """The object that untrusted plain values describe.

    Args:
        architecture: {"class_path": …, "init_args": …}, from a file.
        expected: what it has to be.
        roots: packages whose classes may be built.

    Raises:
        ArchitectureError: if the class is unknown or its arguments are not what it takes; one line.
    """
    made = _build(architecture, roots, 0)
    if not isinstance(made, expected):
        raise ArchitectureError(f"a {type(made).__name__} is not an instance of {expected.__name__}.")
    return made


def _build(architecture: object, roots: tuple[str, ...], depth: int) -> Buildable:
    if not isinstance(architecture, dict) or set(architecture) != NESTED or depth > MAX_NESTING:
        raise ArchitectureError(f"{shortened(architecture)} names no class and arguments.")
    cls = _find(architecture["class_path"], roots)
    arguments = architecture["init_args"]
    known = inspect.signature(cls.__init__).parameters
    takes = [name for name in known if name not in cls.training_arguments and name != "self"]
    if not isinstance(arguments, dict) or not set(arguments) <= set(takes):
        raise ArchitectureError(f"{cls.__name__} takes {takes}, not {shortened(arguments)}.")
    hints = typing.get_type_hints(cls.__init__)
    values = {name: _value(value, roots, depth) for name, value in arguments.items()}
    wrong = [name for name, value in values.items() if not _fits(value, hints.get(name, Any))]
    if wrong:
        raise ArchitectureError(
            f"{cls.__name__} cannot be built with {wrong[0]}={shortened(arguments[wrong[0]])}."
        )
    try:
        with warnings.catch_warnings(action="ignore"):  # torch warns of layers without channels
            return cls(**values)
    except Exception as error:  # anyone's class, on values of a file
        reason = str(error).partition("\n")[0]
        raise ArchitectureError(
            f"{cls.__name__} cannot be built with {shortened(arguments)}: {reason[:MAX_TEXT]}"
        ) from error


def _value(value: object, roots: tuple[str, ...], depth: int) -> object:
    if isinstance(value, dict):
        return _build(value, roots, depth + 1)
    if isinstance(value, list):
        if depth > MAX_NESTING:
            raise ArchitectureError("arguments are nested too deeply.")
        return [_value(each, roots, depth + 1) for each in value]
    return value


def _find(class_path: object, roots: tuple[str, ...]) -> type[Buildable]:
    if not isinstance(class_path, str) or len(class_path) > MAX_TEXT or not class_path.isprintable():
        raise ArchitectureError(f"{shortened(class_path)} is not a class path.")
    root = class_path.partition(".")[0]
    if root not in roots:
        raise ArchitectureError(
            f"class {class_path} belongs to the package {root!r}, which is not loaded. If you trust it, add "
            f"--plugin {root} (or set LITCODEC_PLUGINS={root})."
        )
    for cls in _subclasses(Buildable):
        if class_path in (class_path_of(cls), f"{cls.__module__}.{cls.__qualname__}") and not (
            inspect.isabstract(cls)
        ):
            return cls
    module = class_path.rpartition(".")[0]
    raise ArchitectureError(
        f"class {class_path} is unknown to this version of {root}."
        + (
            ""
            if root == "litcodec"
            else f" If a module defines it that {root} does not load: --plugin {module}"
        )
    )


def usual_arguments(class_path: str) -> dict[str, object]:
    """The defaults of a loaded class's arguments; none if it is not loaded."""
    for cls in _subclasses(Buildable):
        if class_path_of(cls) == class_path:
            parameters = inspect.signature(cls.__init__).parameters
            return {name: parameter.default for name, parameter in parameters.items()}
    return {}


def _subclasses(cls: type[Buildable]) -> Iterator[type[Buildable]]:
    for each in cls.__subclasses__():
        yield each
        yield from _subclasses(each)


def _fits(value: object, hint: Any) -> bool:
    """Whether a value of a file is what an annotation says, as far as that is plain."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, each) for each in typing.get_args(hint))
    if origin is Literal:
        return any(
            value is each or (type(value) is type(each) and value == each) for each in typing.get_args(hint)
        )
    if origin in (list, tuple, typing.get_origin(typing.Sequence[int])):
        (inner, *_) = (*typing.get_args(hint), Any)
        return isinstance(value, list) and all(_fits(each, inner) for each in value)
    if hint in (bool, str, type(None)):
        return type(value) is hint
    if hint is int:
        return type(value) is int and abs(value) < 2**31
    if hint is float:
        return type(value) in (int, float) and abs(typing.cast(float, value)) < 1e30
    return not isinstance(hint, type) or isinstance(value, hint)
