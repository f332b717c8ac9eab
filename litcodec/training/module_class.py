"""Which LightningModule a command trains: ``model.class_path``, or ``CodecModule`` where nothing is said.

The module's own arguments stay at ``model.*`` (``model.lmbda``), whatever its class: one short key in YAML,
on the command line, in sweep files and on the dashboard. ``model.init_args.*``, as Lightning's command line
writes it, means the same.
"""

import json
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import lightning as L
import yaml

from litcodec.errors import OptionError
from litcodec.training.module import CodecModule
from litcodec.training.short_names import objective_path

DEFAULT = "litcodec.training.CodecModule"
OBJECTIVE = "--model.objective"
CLASS_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def flat_words(arguments: Sequence[str]) -> list[str]:
    """A command line with ``--model.X`` for ``--model.init_args.X``; ``--model CLASS`` is a class path.

    An objective may be named by its word alone, ``mse``.
    """
    found: list[str] = []
    for k, word in enumerate(arguments):
        key, equals, value = word.partition("=")
        if arguments[k - 1 : k] == [OBJECTIVE] or key == OBJECTIVE:
            word = f"{key}={objective_path(value)}" if equals else str(objective_path(word))
            key, equals, value = word.partition("=")
        after = value if equals else next(iter(arguments[k + 1 :]), "")
        if key == "--model" and CLASS_PATH.fullmatch(after) and not Path(after).exists():
            key = "--model.class_path"
        found.append(key.replace("--model.init_args.", "--model.", 1) + equals + value)
    return found


def flat_model(content: str) -> str:
    """A config file's text with ``model.init_args`` lifted to ``model``, and the objective's whole path.

    The same text if there is neither.
    """
    model = _model_of(content)
    lifted = dict(model)
    if isinstance(model.get("init_args"), Mapping):
        lifted = {**{k: v for k, v in model.items() if k != "init_args"}, **model["init_args"]}
    if "objective" in lifted:
        lifted["objective"] = objective_path(lifted["objective"])
    if lifted == model:
        return content
    return yaml.safe_dump({**yaml.safe_load(content), "model": lifted}, sort_keys=False)


def module_class(arguments: Sequence[str]) -> type[L.LightningModule]:
    """What a command line and its config files want trained; the last one that says so decides.

    Raises:
        OptionError: if the class cannot be imported or is not a LightningModule.
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
        raise OptionError(f"model.class_path {path} is not a LightningModule.")
    return found
