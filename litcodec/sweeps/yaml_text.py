"""Reads YAML from untrusted files: as plain values, or one line about what is wrong."""

from pathlib import Path

import yaml

from litcodec.configuration.given import yaml_problem
from litcodec.errors import SweepError
from litcodec.regular_file import regular_file

MAX_BYTES = 2**20
MAX_DEPTH = 32
MAX_VALUES = 100_000


def read_yaml(path: Path) -> object:
    """What a YAML file holds.

    Raises:
        SweepError: if it cannot be read, is not UTF-8, is not YAML, too long or nested too deeply.
    """
    try:
        if regular_file(path, SweepError).stat().st_size > MAX_BYTES:
            raise SweepError(f"{path} is larger than {MAX_BYTES >> 20} MiB: that is not a sweep file.")
        content = yaml.safe_load(path.read_bytes().decode())
    except OSError as error:
        raise SweepError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SweepError(f"{path} is not UTF-8 text: save it as such.") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2024-99-99
        raise SweepError(f"{path} is not YAML: {yaml_problem(error)}.") from error
    except RecursionError as error:
        raise SweepError(f"{path} is nested too deeply.") from error
    if not _is_small(content):
        raise SweepError(
            f"{path} is nested more than {MAX_DEPTH} deep, refers to itself, or holds more than "
            f"{MAX_VALUES} values."
        )
    return content


def _is_small(content: object) -> bool:
    """Whether it ends; an alias counts as what it stands for."""
    waiting, seen = [(content, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if depth > MAX_DEPTH or seen > MAX_VALUES:
            return False
        if isinstance(value, dict):
            waiting += [(each, depth + 1) for pair in value.items() for each in pair]
        elif isinstance(value, (list, tuple, set)):
            waiting += [(each, depth + 1) for each in value]
    return True
