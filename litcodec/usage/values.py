"""Parses values of the command line, or raises an error that argparse shows."""

import argparse
import math
import os
from collections.abc import Callable
from pathlib import Path

BPP_MAX = 1_000_000


def path(text: str) -> Path:
    """The name of a file or folder."""
    return Path(name(text))


def name(text: str) -> str:
    """Any word but an empty one."""
    if not text:
        raise argparse.ArgumentTypeError("a name is empty")
    return text


def output(default: str) -> Callable[[str], Path]:
    """The name of a file; of a folder, which ends in a slash, ``default`` in it."""

    def output(text: str) -> Path:
        if text == "-":
            raise argparse.ArgumentTypeError("- is standard output for compress and decompress alone")
        return path(text) / default if text.endswith(("/", os.sep)) else path(text)

    return output


def positive(text: str) -> int:
    """A whole number from 1 on."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


def count(text: str) -> int:
    """A whole number from 0 on."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must not be negative, got {value}")
    return value


def weight(text: str) -> float:
    """A finite number above 0."""
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
    return value


def size_in_bytes(text: str) -> int:
    """Bytes: 120000, 120k, 1.5M."""
    number, factor = (text[:-1], {"k": 1e3, "M": 1e6}[text[-1]]) if text[-1:] in ("k", "M") else (text, 1)
    value = weight(number) * factor
    if value > 2**62:
        raise argparse.ArgumentTypeError(f"must be at most {2**62}, got {text}")
    return round(value)


def bits_per_pixel(text: str) -> float:
    """A number above 0, and no more than any file takes."""
    value = weight(text)
    if value > BPP_MAX:
        raise argparse.ArgumentTypeError(f"must be at most {BPP_MAX}, got {text}")
    return value


def numbers(text: str) -> tuple[float, ...]:
    """Numbers with commas between."""
    return tuple(float(key) for key in keys(text))


def rates(text: str) -> tuple[float, ...]:
    """Bits per pixel with commas between."""
    return tuple(bits_per_pixel(key) for key in keys(text))


def keys(text: str) -> tuple[str, ...]:
    """Words with commas between."""
    return tuple(key.strip() for key in text.split(",") if key.strip())
