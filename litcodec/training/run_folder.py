"""Every run has a folder of its own, ``<run_root>/<run_name>/<NNN>/``: its config, checkpoints and logs."""

import json
import math
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import lightning as L
import yaml
from jsonargparse import Namespace
from lightning.pytorch.cli import LightningArgumentParser, SaveConfigCallback
from lightning.pytorch.loggers import Logger, WandbLogger

from litcodec.errors import CodecFileError
from litcodec.training.settings import check_same_settings, settings_of

# Processes that Lightning starts for further devices inherit it, and so share the folder.
ENVIRONMENT_VARIABLE = "LITCODEC_RUN_FOLDER"
WANDB_ID = "wandb-id.txt"
PROGRESS_S = 5.0  # between two notes of how far the run is


def choose_run_folder(root: Path, name: str, ckpt_path: str | None) -> Path:
    """A new folder ``root/name/NNN``, or the folder of the run that ``ckpt_path`` continues.

    Creating the folder is what claims it, so two runs started at once never share one.
    """
    inherited = os.environ.get(ENVIRONMENT_VARIABLE)
    if inherited:
        return Path(inherited)
    folder = _run_of(ckpt_path) or _claim(root / name)
    os.environ[ENVIRONMENT_VARIABLE] = str(folder)
    return folder


def remove_unused(folder: Path) -> None:
    """Remove the folder of a run that was refused before it wrote anything, and what that leaves empty."""
    if not folder.name.isdigit() or {path.name for path in folder.glob("*")} - {WANDB_ID}:
        return
    (folder / WANDB_ID).unlink(missing_ok=True)
    with suppress(OSError):  # it is gone, or another run has begun in one of them
        for each in (folder, folder.parent, folder.parent.parent):
            each.rmdir()


def _run_of(ckpt_path: str | None) -> Path | None:
    if ckpt_path is None:
        return None
    path = Path(ckpt_path).resolve()
    # A checkpoint's name may have slashes: checkpoints/val/loss=1.2.ckpt.
    above = next((folder for folder in path.parents if folder.name == "checkpoints"), path)
    return above.parent if above != path and (above.parent / "config.yaml").is_file() else None


def name_of_run(ckpt_path: str | None) -> str | None:
    """The ``run_name`` of the run whose folder a checkpoint lies in; None if it lies in none."""
    folder = _run_of(ckpt_path)
    return None if folder is None else folder.parent.name


def _claim(parent: Path) -> Path:
    if int(os.environ.get("RANK", os.environ.get("SLURM_PROCID", "0"))) > 0:
        # torchrun and SLURM start every rank at once: only rank 0 writes, the others just need a path.
        return parent / "rank-without-folder"
    parent.mkdir(parents=True, exist_ok=True)
    number = 1 + max((int(p.name) for p in parent.iterdir() if p.name.isdigit()), default=0)
    while True:
        folder = parent / f"{number:03d}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def _point_latest_at(folder: Path) -> None:
    """Let ``latest`` beside ``folder`` lead to it; in one step, as several runs may start at once."""
    link = folder.parent / f".latest-{folder.name}"
    try:
        link.unlink(missing_ok=True)
        link.symlink_to(folder.name)
        os.replace(link, folder.parent / "latest")
    except OSError:  # no links on this file system: the numbers still show the order
        link.unlink(missing_ok=True)


class RunFolder(SaveConfigCallback):
    """Saves the run's config in its folder and with its loggers, and the last checkpoint when training ends.

    Every few seconds ``progress.json`` says how far it is: ``litcodec sweep`` shows that of each of its runs.

    Args:
        parser: of the subcommand.
        config: as it is run.
        folder: the run's folder.
        given: the config as the user gave it, without this run's own paths and ids: what another run can use.
    """

    def __init__(
        self, parser: LightningArgumentParser, config: Namespace, *, folder: str, given: Namespace
    ) -> None:
        super().__init__(parser, config, save_to_log_dir=False)
        self.folder = Path(folder)
        self.given = given
        self._noted = -math.inf
        self._finished = False

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Save the config; of a training once its whole checkpoint is accepted, see ``on_train_start``."""
        if trainer.state.fn != "fit":
            super().setup(trainer, pl_module, stage)

    def on_sanity_check_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """The first step of a run that checks its validation first."""
        super().setup(trainer, pl_module, "fit")

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """A run that was refused has not been: nothing says that it went on with other settings.

        Lightning restores the optimisers last, after ``on_fit_start``.
        """
        super().setup(trainer, pl_module, "fit")  # once, see ``already_saved``

    def save_config(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Write ``config.yaml`` (``config-2.yaml`` … when a run is continued) and pass it to the loggers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        names = ["config.yaml", *(f"config-{k}.yaml" for k in range(2, 10_000))]
        path = next(self.folder / name for name in names if not (self.folder / name).exists())
        self.parser.save(self.given, path, skip_none=False, multifile=False)
        _point_latest_at(self.folder)
        for logger in trainer.loggers:
            # Dotted keys, the same that a sweep sets: "model.lmbda".
            swept = _swept_keys(logger)
            logger.log_hyperparams({k: v for k, v in _flat(self.given.as_dict()) if k not in swept})

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Note how far the run is, now and then."""
        now = time.monotonic()
        if now - self._noted >= PROGRESS_S:
            self._noted = now
            self._note_progress(trainer)

    def _note_progress(self, trainer: L.Trainer) -> None:
        if not trainer.is_global_zero:
            return
        loss = trainer.callback_metrics.get("train/loss")
        said = {
            "step": trainer.global_step,
            "steps": trainer.max_steps,
            "loss": None if loss is None else loss.item(),
            "finished": self._finished,
        }
        path = self.folder / "progress.json"
        path.with_suffix(".part").write_text(json.dumps(said))
        os.replace(path.with_suffix(".part"), path)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """The periodic checkpoint may lie some steps back: keep the end."""
        self._finished = True
        trainer.save_checkpoint(self.folder / "checkpoints" / "last.ckpt", weights_only=False)
        self._note_progress(trainer)

    def on_save_checkpoint(
        self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Record how far the run is, and what must not change when it goes on."""
        checkpoint["litcodec_run"] = {
            "step": trainer.global_step,
            "steps": trainer.max_steps,
            "finished": self._finished or trainer.global_step == trainer.max_steps,
            "settings": settings_of(self.given, trainer.world_size),
        }

    def on_load_checkpoint(
        self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Refuse to go on with settings that the checkpoint would overrule in silence.

        Raises:
            OptionError: if one differs; it is named with both values.
            CodecFileError: if the checkpoint does not say how far its run was.
        """
        if trainer.state.fn == "fit" and not isinstance(checkpoint.get("loops"), dict):
            raise CodecFileError(
                "the checkpoint does not record the progress of its run (no loops). To start a new run from "
                "its weights: --model.start_checkpoint."
            )
        recorded = checkpoint.get("litcodec_run")
        before = recorded.get("settings") if isinstance(recorded, dict) else None
        if trainer.state.fn == "fit" and isinstance(before, dict):
            check_same_settings(before, settings_of(self.given, trainer.world_size))


def _swept_keys(logger: Logger) -> set[str]:
    """What a sweep's agent has set, and locked, in a run's W&B config: logged again, W&B would only warn."""
    chosen = os.environ.get("WANDB_SWEEP_PARAM_PATH", "")
    if not isinstance(logger, WandbLogger) or not Path(chosen).is_file():
        return set()
    return set(yaml.safe_load(Path(chosen).read_text()))


def _flat(config: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    items: list[tuple[str, Any]] = []
    for key, value in config.items():
        if isinstance(value, dict) and value:
            items += _flat(value, f"{prefix}{key}.")
        else:
            items.append((f"{prefix}{key}", value if isinstance(value, (int, float, bool)) else str(value)))
    return items
