"""The packages of the extra ``perceptual``, imported when a metric needs them."""

from importlib import import_module
from typing import Any

from litcodec.errors import ShapeError


def package(name: str) -> Any:
    """An imported package.

    Raises:
        ShapeError: if it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise missing(name) from error


def missing(name: str) -> ShapeError:
    """What to raise where a package, or what it brings, is not there."""
    return ShapeError(
        f"this metric needs the package {name}: pip install 'litcodec[perceptual]', or leave it out."
    )
