"""Which LightningModule a command trains: ``model.class_path``, or ``CodecModule`` where nothing is said.

The module's own arguments stay at ``model.*`` (``model.lmbda``), whatever its class: one short key in YAML,
on the command line, in sweep files and on the dashboard. ``model.init_args.*``, as Lightning's command line
writes it, is taken for the same.
"""

import json
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import lightning as L
import yaml

from litcodec import objectives
from litcodec.errors import OptionError
from litcodec.training.module import CodecModule

DEFAULT = "litcodec.training.CodecModule"
OBJECTIVE = "--model.objective"
CLASS_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def flat_words(arguments: Sequence[str]) -> list[str]:
    """A command line with ``--model.X`` for ``--model.init_args.X``; ``--model CLASS`` is a class path."""
    found: list[str] = []
    for k, word in enumerate(arguments):
        key, equals, value = word.partition("=")
        after = value if equals else next(iter(arguments[k + 1 :]), "")
        if key == "--model" and CLASS_PATH.fullmatch(after) and not Path(after).exists():
            key = "--model.class_path"
        key = key.replace("--model.init_args.", "--model.", 1)
        if key == OBJECTIVE:
            value = _objective_path(value)
        elif k and arguments[k - 1] == OBJECTIVE:
            key = _objective_path(key)
        found.append(key + equals + value)
    return found


def _objective_path(name: str) -> str:
    """The import path of one of litcodec's objectives: "mse" -> "litcodec.objectives.mse"; others stay."""
    return f"litcodec.objectives.{name}" if callable(getattr(objectives, name, None)) else name


def flat_model(content: str) -> str:
    """A config file's text with ``model.init_args`` lifted to ``model`` and the objective's path in full.

    The same text if there is nothing to change.
    """
    model = _model_of(content)
    flat = dict(model)
    if isinstance(model.get("init_args"), Mapping):
        flat |= flat.pop("init_args")
    objective = flat.get("objective")
    if isinstance(objective, str):
        flat["objective"] = _objective_path(objective)
    elif isinstance(objective, Mapping) and isinstance(path := objective.get("class_path"), str):
        flat["objective"] = {**objective, "class_path": _objective_path(path)}
    if flat == model:
        return content
    return yaml.safe_dump({**yaml.safe_load(content), "model": flat}, sort_keys=False)


def module_class(arguments: Sequence[str]) -> type[L.LightningModule]:
    """What a command line and its config files want trained; the last one that says so decides.

    Raises:
        OptionError: if the class cannot be imported or is no LightningModule.
    """
    path, in_words = DEFAULT, None
    for key, value in _options(flat_words(arguments)):
        if key in ("--config", "-c") and Path(value).is_file():
            path = _model_of(_text_of(Path(value))).get("class_path") or path
        elif key == "--model.class_path":
            in_words = value
    return _imported(in_words or path)


def _text_of(config: Path) -> str:
    """A config file's text; empty where the parser will say what is wrong with it."""
    try:
        text = config.read_text(encoding="utf-8")
        json.dumps(yaml.safe_load(text), default=str, skipkeys=True)
    except UnicodeDecodeError as error:
        raise OptionError(f"{config} is not UTF-8 text: save it as such.") from error
    except (RecursionError, ValueError) as error:  # ValueError: circular
        raise OptionError(f"{config} is nested too deeply, or refers to itself.") from error
    except (OSError, yaml.YAMLError):
        return ""
    return text


def _options(arguments: Sequence[str]) -> list[tuple[str, str]]:
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    return [(k, v) if (k := word.partition("=")[0]) == word else (k, word[len(k) + 1 :]) for word, v in pairs]


def _model_of(content: str) -> Mapping[str, Any]:
    try:
        config = yaml.safe_load(content)
    except yaml.YAMLError:
        return {}
    model = config.get("model") if isinstance(config, dict) else None
    return model if isinstance(model, dict) else {}


def _imported(path: object) -> type[L.LightningModule]:
    if path in (DEFAULT, "litcodec.training.module.CodecModule"):
        return CodecModule
    if not isinstance(path, str) or not CLASS_PATH.fullmatch(path):
        raise OptionError(f"model.class_path is a class such as mylab.MyModule; got {path!r}.")
    module, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise OptionError(f"model.class_path {path} cannot be imported: {error}") from error
    if not (isinstance(found, type) and issubclass(found, L.LightningModule)):
        raise OptionError(f"model.class_path {path} is no LightningModule.")
    return found
