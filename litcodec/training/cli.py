"""``litcodec fit | validate | test | predict``: Lightning's command line, with a folder for every run."""

import copy
import io
import os
import sys
import warnings
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

import lightning as L
from jsonargparse import Namespace, set_parsing_settings
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import ModelCheckpoint, RichModelSummary, RichProgressBar
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.utilities.exceptions import SIGTERMException

from litcodec.codec_files.checkpoint import offer_before
from litcodec.errors import CodecFileError, LitcodecError, OptionError
from litcodec.plugins import choose_plugins
from litcodec.training.checkpoint_io import AtomicCheckpointIO
from litcodec.training.configuration_parser import PARSER, ConfigurationParser
from litcodec.training.costs import CostSummary
from litcodec.training.ending import summary_of
from litcodec.training.failures import configuring, known_failure
from litcodec.training.group_help import DATAMODULES, group_of
from litcodec.training.guard import NonFiniteGuard
from litcodec.training.interruptions import Interruptions, exit_code
from litcodec.training.logger_folders import place_loggers
from litcodec.training.module_class import DEFAULT, flat_words, module_class
from litcodec.training.phases import agreed_steps
from litcodec.training.progress import StepProgress
from litcodec.training.run_folder import (
    ENVIRONMENT_VARIABLE,
    RunFolder,
    choose_run_folder,
    name_of_run,
    remove_unused,
)
from litcodec.training.short_names import load_rooms

OFFLINE_WANDB = {
    "class_path": "lightning.pytorch.loggers.WandbLogger",
    "init_args": {"project": "litcodec", "offline": True},
}
RUN_NAME = "run"  # of a run without a name
PRECISIONS = (None, 32, "32", "32-true", 16, "16", "16-mixed", "bf16", "bf16-mixed")


def check_precision(precision: object) -> None:
    """Check that weights stay float32: coders' tables are made of them.

    Raises:
        OptionError: if they would not.
    """
    if precision not in PRECISIONS:
        raise OptionError(
            f"trainer.precision {precision} keeps weights in another type than float32, which no codec "
            "is trained in: use 32-true, bf16-mixed or 16-mixed."
        )


class LitcodecCLI(LightningCLI):
    """Lightning's command line for a ``CodecModule`` and any datamodule."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Add what every run has: a name, checkpoints, the guard."""
        parser.add_argument(
            "--model.class_path",
            type=str,
            default=DEFAULT,
            help="the LightningModule; its arguments: model.*",
        )
        parser.add_argument("--run_name", type=str, default=RUN_NAME, help="runs of this name share a folder")
        parser.add_argument("--run_root", type=str, default="runs", help="where the folders of all runs lie")
        parser.add_lightning_class_args(ModelCheckpoint, "checkpoint")
        parser.add_lightning_class_args(NonFiniteGuard, "nonfinite_guard")
        parser.set_defaults(
            {
                "checkpoint.every_n_train_steps": 500,
                "checkpoint.save_last": True,
                "checkpoint.save_top_k": 0,
                "checkpoint.enable_version_counter": False,  # last.ckpt, never last-v1.ckpt
            }
        )

    def _parse_ckpt_path(self) -> None:
        """Leave the checkpoint to the trainer: Lightning would read it here too, for options it may hold."""

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Read them."""
        with configuring():
            super().parse_arguments(parser, args)

    def instantiate_classes(self) -> None:
        """Make the objects that they name."""
        with configuring():
            super().instantiate_classes()

    def before_instantiate_classes(self) -> None:
        """Choose the run's folder and point loggers and checkpoints at it."""
        config = self.config[self.subcommand]
        if not config.run_name.strip():
            raise OptionError("run_name is empty: its runs share a folder of that name.")
        if Path(config.run_name).is_absolute() or ".." in Path(config.run_name).parts:
            raise OptionError(f"run_name {config.run_name} leads out of run_root: give a name without ..")
        name = config.run_name if self.subcommand == "fit" else f"{config.run_name}-{self.subcommand}"
        if config.ckpt_path == "last":
            config.ckpt_path = str(
                Path(config.run_root, config.run_name, "latest", "checkpoints", "last.ckpt")
            )
        if config.ckpt_path is None and self.subcommand != "fit":
            raise LitcodecError(
                f"litcodec {self.subcommand} needs --ckpt_path, a checkpoint of litcodec fit."
            )
        if config.ckpt_path is not None and not Path(config.ckpt_path).is_file():
            raise CodecFileError(
                f"there is no checkpoint {config.ckpt_path}.{offer_before(config.ckpt_path)}"
            )
        if self.subcommand == "predict":
            config.return_predictions = False  # they are written by a callback, not kept in memory
        check_precision(config.trainer.get("precision"))
        # Who trains a class trusts the files that name it.
        choose_plugins(_packages_of(config.model.get("codec")))
        if config.model.get("optimizer") is not None:
            config.model.learning_rate = None  # the optimiser brings its own
        given = copy.deepcopy(config)
        del config.model["class_path"]
        if self.subcommand == "fit" and config.model.get("phases"):
            config.trainer.max_steps = agreed_steps(config.model.phases, config.trainer.max_steps)
        for key in ("start_checkpoint", "inner_checkpoint"):
            if config.ckpt_path is not None and config.model.get(key) is not None:
                config.model[key] = None  # that checkpoint has the weights of all parts
        if self.subcommand == "fit":
            _average_in_time(config.trainer)
        continued = config.ckpt_path if self.subcommand == "fit" else None
        started = name_of_run(continued)
        if started is not None and Path(config.run_name).name not in (RUN_NAME, started):
            print(f"a new run, {name}, that goes on from {continued}", flush=True)
            continued = None
        self.run_folder = choose_run_folder(Path(config.run_root), name, continued)
        self.save_config_kwargs = {"folder": str(self.run_folder), "given": given}
        config.weights_only = config.weights_only is not False  # nothing is unpickled unless asked for
        config.trainer.default_root_dir = str(self.run_folder)
        config.checkpoint.dirpath = str(self.run_folder / "checkpoints")
        place_loggers(config.trainer, self.run_folder)

    def instantiate_trainer(self, **kwargs: Any) -> L.Trainer:
        """Put the run folder's callback first: it must see the weights before EMA replaces them."""
        trainer = super().instantiate_trainer(**kwargs)
        callbacks: list[L.Callback] = trainer.callbacks  # type: ignore[attr-defined]
        configured = str(self.config[self.subcommand].trainer.callbacks)
        for usual, ours in ((RichProgressBar, StepProgress), (RichModelSummary, CostSummary)):
            if usual.__name__ not in configured:
                callbacks[:] = [ours() if type(each) is usual else each for each in callbacks]
        if self.subcommand == "fit":
            self.interruptions = Interruptions(self.run_folder / "checkpoints" / "last.ckpt")
            callbacks.append(self.interruptions)
        if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:  # else it is the user's own
            trainer.strategy.checkpoint_io = AtomicCheckpointIO()
        callbacks.sort(key=lambda callback: not isinstance(callback, RunFolder))
        if self.subcommand != "fit":
            callbacks[:] = [c for c in callbacks if not isinstance(c, ModelCheckpoint)]
        if trainer.is_global_zero:
            print(f"run folder: {self.run_folder}", flush=True)
        return trainer

    def after_fit(self) -> None:
        """Say what came of the run, where it lies and what to do next."""
        if self.trainer.is_global_zero:
            last = self.run_folder / "checkpoints" / "last.ckpt"
            print("\n".join(summary_of(self.trainer, self.run_folder, last)), flush=True)


def _average_in_time(trainer: Namespace) -> None:
    """Make sure that weights are averaged at least once.

    Lightning ends a run with the averages, whether there are any or not: one that ends before they begin
    would end with the weights it began with.
    """
    callbacks = trainer.callbacks or []
    for callback in callbacks if isinstance(callbacks, list) else [callbacks]:
        if str(callback.class_path).endswith("EMAWeightAveraging") and trainer.max_steps > 0:
            init_args = callback.get("init_args", Namespace())  # type: ignore[no-untyped-call]
            begin = init_args.get("update_starting_at_step")
            if begin is not None and begin >= trainer.max_steps:
                init_args.update_starting_at_step = trainer.max_steps - 1


def _packages_of(configured: Any) -> set[str]:
    """The packages of all classes of a configured codec."""
    if isinstance(configured, list):
        return set().union(*map(_packages_of, configured))
    if not isinstance(configured, Namespace):
        return set()
    found = set().union(*(_packages_of(value) for value in vars(configured).values()))
    if isinstance(path := configured.get("class_path"), str):
        found.add(path.partition(".")[0])
    return found - {"litcodec", "torch"}


def run(arguments: list[str]) -> int:
    """Run one of Lightning's subcommands; returns 0, or exits with 2 where the configuration is wrong."""
    # Keys in ${…} are written as seen from the top of a file; the parser holds them below "fit".
    set_parsing_settings(omegaconf_absolute_to_relative_paths=True)
    sys.argv = [
        "litcodec",
        *flat_words(arguments),
    ]  # Lightning starts the processes of further devices from it
    finished = False
    try:
        _start()
        finished = True
    except SIGTERMException as error:
        return exit_code(error)
    except Exception as error:
        known = known_failure(error)
        if known is None or known is error:
            raise
        raise known from error
    finally:
        folder = Path(os.environ.pop(ENVIRONMENT_VARIABLE, ""))  # another run of this process is another run
        if not finished:
            remove_unused(folder)
    return 0


def print_help(command: str, group: str) -> None:
    """Print the options of one group, or ``all``, of ``litcodec fit`` and the like."""
    asked = {"": ["--help"]}
    if group == "data":
        asked = {f"{name}:\n": ["--data.help", name] for name in DATAMODULES}
    for title, words in asked.items():
        with redirect_stdout(io.StringIO()) as said, suppress(SystemExit):
            run([command, *words])
        text = said.getvalue()
        print(title + (text if group == "all" else group_of(text, group)), end="")


def _start() -> None:
    load_rooms()
    with warnings.catch_warnings():
        # Lightning's own use of torch; whoever trains can do nothing about it.
        warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated")
        LitcodecCLI(
            module_class(sys.argv[1:]),
            L.LightningDataModule,
            subclass_mode_data=True,
            save_config_callback=RunFolder,
            seed_everything_default=0,
            trainer_defaults={"logger": OFFLINE_WANDB},
            parser_kwargs={**PARSER, **{name: dict(PARSER) for name in LightningCLI.subcommands()}},
            parser_class=ConfigurationParser,
            auto_configure_optimizers=False,
        )
