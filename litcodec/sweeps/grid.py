"""Reads a W&B sweep file: which points its grid has, and the command of each."""

import hashlib
import itertools
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from reprlib import repr as shortened
from typing import NamedTuple

import yaml

from litcodec.errors import SweepError
from litcodec.sweeps.macros import DEFAULT_COMMAND, expand, takes_arguments
from litcodec.sweeps.yaml_text import read_yaml

MAX_POINTS = 10_000  # each is a training


class GridPoint(NamedTuple):
    """One combination of the swept values."""

    title: str  # "mbt2018_mean, lmbda 0.013"
    slug: str  # its folder's name; another command, or another content of a config file, gives another
    command: tuple[str, ...]


class Sweep(NamedTuple):
    """A sweep file."""

    name: str  # good for a folder
    points: tuple[GridPoint, ...]  # in the file's order, the first key slowest
    notes: tuple[str, ...]  # what of the file has no effect here


def read_sweep(path: Path) -> Sweep:
    """The grid of a sweep file.

    Args:
        path: what ``wandb sweep`` takes.

    Raises:
        SweepError: if the file cannot be read, is not a grid, or asks for something that needs W&B's server.
    """
    content = _load(path)
    method = content.get("method")
    if method is None:
        raise SweepError(f"{path} names no method; litcodec sweep runs a grid: add method: grid.")
    if method != "grid":
        raise SweepError(
            f"{path}: method {method!r} lets a server choose the points; litcodec sweep runs 'grid' alone. "
            f"Use: wandb sweep {path}"
        )
    command = content.get("command", DEFAULT_COMMAND)
    if isinstance(command, str) or not isinstance(command, Sequence):
        raise SweepError(f"{path}: command must be a list of words, got {shortened(command)}.")
    try:
        values = _values(content.get("parameters"))
        program = None if content.get("program") is None else str(content["program"])
        swept = [key for key, choices in values.items() if len(choices) > 1]
        count = _count(values, content.get("run_cap"))
        chosen_values = itertools.islice(itertools.product(*values.values()), count)
        grid = (dict(zip(values, chosen, strict=True)) for chosen in chosen_values)
        contents: dict[Path, str] = {}  # of config files, each read once
        points = tuple(_point(expand(command, program, chosen), chosen, swept, contents) for chosen in grid)
        if not takes_arguments(command):
            raise SweepError(
                f"the command has no ${{args}}, so every point would be the same run: {list(command)}. "
                'Add "${args}" to it.'
            )
    except SweepError as error:
        raise SweepError(f"{path}: {error}") from error
    notes = ["early_terminate has no effect without a server"] if "early_terminate" in content else []
    name = _slug(str(content.get("name") or path.stem))
    return Sweep(name, points, tuple(notes))


def _count(values: Mapping[str, Sequence[object]], cap: object) -> int:
    """Of the points to run, before any is made."""
    count = math.prod(len(choices) for choices in values.values())
    if cap is not None:
        if isinstance(cap, bool) or not isinstance(cap, int) or cap < 1:
            raise SweepError(f"run_cap is a whole number of 1 or more; got {shortened(cap)}.")
        count = min(count, cap)
    if count > MAX_POINTS:
        raise SweepError(
            f"the grid has {count} points, each a training; {MAX_POINTS} is the most. Sweep fewer values, or "
            "set run_cap."
        )
    return count


def _load(path: Path) -> Mapping[str, object]:
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise SweepError(f"{path} is not a sweep file: keys such as method and parameters are missing.")
    return content


def _values(parameters: object) -> dict[str, list[object]]:
    """Key -> its values; one for a constant."""
    if not isinstance(parameters, dict) or not parameters:
        raise SweepError("there are no parameters to vary.")
    found: dict[str, list[object]] = {}
    for key, about in parameters.items():
        keys = set(about) - {"distribution"} if isinstance(about, dict) else set()
        if keys == {"value"}:
            found[str(key)] = [about["value"]]
        elif keys == {"values"} and isinstance(about["values"], list) and about["values"]:
            once = {json.dumps(value, default=str): value for value in about["values"]}
            found[str(key)] = list(once.values())
        elif "parameters" in keys:
            raise SweepError(f"parameter {key!r} holds others; write dotted keys, such as {key}.NAME.")
        else:
            raise SweepError(
                f"parameter {key!r} of a grid has a value or a list of values, not {shortened(about)}."
            )
    return found


def _point(
    command: tuple[str, ...], chosen: Mapping[str, object], swept: Sequence[str], contents: dict[Path, str]
) -> GridPoint:
    if not command:
        raise SweepError("the command is empty.")
    if any(word.partition("=")[0] == "--ckpt_path" for word in command):
        raise SweepError("litcodec sweep sets --ckpt_path itself, to continue a point; leave it out.")
    title = ", ".join(_title(key, chosen[key]) for key in swept) or "the only point"
    return GridPoint(title, f"{_slug(title.replace(', ', '_'))}-{_digest(command, contents)}", command)


def _slug(text: str) -> str:
    """For a folder's name on any file system."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", text)[:80].strip("-.") or "sweep"


def _title(key: str, value: object) -> str:
    text = str(value)
    return Path(text).stem if text.endswith((".yaml", ".yml")) else f"{key.rpartition('.')[2]} {text}"


def _digest(command: Sequence[str], contents: dict[Path, str]) -> str:
    """Of all that decides what a command trains: its words, and what the config files among them say."""
    files = [Path(word.partition("=")[2] if "=" in word else word) for word in command]
    files = [file for file in files if file.suffix in (".yaml", ".yml") and file.is_file()]
    for file in set(files) - contents.keys():
        contents[file] = _content(file)
    configs = [contents[file] for file in files]
    return hashlib.sha256(json.dumps([list(command), configs]).encode()).hexdigest()[:8]


def _content(config: Path) -> str:
    """Without comments and layout, which decide nothing."""
    try:
        return json.dumps(yaml.safe_load(config.read_text(encoding="utf-8")), sort_keys=True, default=str)
    except (yaml.YAMLError, ValueError, RecursionError, TypeError):
        return config.read_bytes().hex()  # the run will say what is wrong with it
