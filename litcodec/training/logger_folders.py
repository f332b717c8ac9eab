"""Makes a run's loggers write into its folder, and keeps the id of its W&B run when it is continued."""

import os
import secrets
from pathlib import Path

from jsonargparse import Namespace

from litcodec.training.run_folder import WANDB_ID


def place_loggers(trainer: Namespace, folder: Path) -> None:
    """Point all loggers at the run's folder; without loggers, remove the callbacks that need one."""
    if trainer.logger is False:
        callbacks = trainer.callbacks or []
        callbacks = callbacks if isinstance(callbacks, list) else [callbacks]
        trainer.callbacks = [c for c in callbacks if not _needs_logger(c)]
    loggers = trainer.logger if isinstance(trainer.logger, list) else [trainer.logger]
    for logger in loggers:
        if isinstance(logger, Namespace):
            _place_logger(logger, folder)


def _needs_logger(callback: Namespace) -> bool:
    """Lightning's own monitors refuse to run without a logger."""
    return str(callback.class_path).endswith(("LearningRateMonitor", "DeviceStatsMonitor"))


def _place_logger(logger: Namespace, folder: Path) -> None:
    """Fill in what the user left open."""
    init_args = logger.get("init_args", Namespace())  # type: ignore[no-untyped-call]
    is_wandb = str(logger.class_path).endswith("WandbLogger")
    if init_args.get("save_dir", "") in (None, "."):
        init_args.save_dir = str((is_wandb and os.environ.get("WANDB_DIR")) or folder)
    if not is_wandb:
        return
    init_args.name = init_args.get("name") or "-".join(folder.parts[-2:])
    if "WANDB_MODE" in os.environ or "WANDB_SWEEP_ID" in os.environ:
        init_args.offline = False  # Lightning would overrule the environment, and no sweep is offline
    if init_args.get("id") is None and "WANDB_RUN_ID" not in os.environ:  # a sweep's agent has chosen one
        init_args.id, init_args["resume"] = _wandb_id(folder), "allow"


def _wandb_id(folder: Path) -> str:
    """The run's id, kept in its folder so that a continued run stays the same run."""
    path = folder / WANDB_ID
    if not path.exists() and folder.exists():
        path.write_text(secrets.token_hex(6))
    return path.read_text() if path.exists() else ""
