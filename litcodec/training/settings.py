"""The settings that a resumed run must keep: the checkpoint or the order of the data depends on them."""

import json
from collections.abc import Mapping
from typing import Any

from jsonargparse import Namespace

from litcodec.errors import OptionError

KEYS = (
    "seed_everything",
    "model.learning_rate",
    "model.optimizer",
    "model.lr_scheduler",
    "model.discriminator_learning_rate",
    "model.discriminator_optimizer",
    "model.discriminator_lr_scheduler",
    "data.class_path",
    "data.init_args.batch_size",
    "data.init_args.patch_size",
    "data.init_args.crops_per_image",
    "data.init_args.steps_per_epoch",
    "trainer.accumulate_grad_batches",
)
DEVICES = "number of devices"


def settings_of(config: Namespace, world_size: int) -> dict[str, Any]:
    """Key -> value as JSON has it, of those that a run has."""
    found = {key: config.get(key) for key in KEYS if key in config}
    plain = {key: v.as_dict() if isinstance(v, Namespace) else v for key, v in found.items()}
    settings: dict[str, Any] = json.loads(json.dumps({**plain, DEVICES: world_size}, default=str))
    return settings


def check_same_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Check that a run goes on as it began.

    Raises:
        OptionError: if not; the first difference is named.
    """
    for key, value in now.items():
        if key in before and before[key] != value:
            key, old, value = _where_they_differ(key, before[key], value)
            raise OptionError(
                f"the checkpoint is of a run with {key} {_text(old)}, now it is {_text(value)}: a "
                "run goes on as it began. Set it back, or start a new run from its weights with "
                "--model.start_checkpoint."
            )


def _where_they_differ(key: str, old: Any, new: Any) -> tuple[str, Any, Any]:
    """The first key of two objects' arguments that differs, with both values."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        inner = next(name for name in new if old[name] != new[name])
        return _where_they_differ(f"{key}.{inner}", old[inner], new[inner])
    return key, old, new


def _text(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
