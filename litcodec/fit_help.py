"""The help of ``litcodec fit | validate | test | predict``: our options first, on one screen, at once.

Imports nothing heavy. The hundreds of options of Lightning's trainer: ``--help trainer``.
"""

from collections.abc import Sequence

GROUPS = ("model", "data", "trainer", "checkpoint", "all")

_HELP = """\
usage: litcodec {command} --config FILE.yaml [--config FILE.yaml …] [--OPTION VALUE …]

{about}

Later files and options replace earlier ones, key by key. configs/ has a file for every paper.

  --config FILE                  a YAML file of the keys below
  --print_config                 print the resulting configuration and exit
  --run_name NAME, --run_root FOLDER
                                 the run's folder: FOLDER/NAME/001 (default: runs/run/001)
  --ckpt_path FILE | last        {checkpoint}
  --plugin PACKAGE               allow classes of this package below (current folder included)
  --seed_everything N            random seed of weights, crops and noise
  --debug                        show a traceback where something fails

  --model.codec CLASS            {codecs}
                                 (the name alone is enough), or your own, mylab.codecs.Mine
  --model.codec.init_args.N 128  an argument of the codec
  --model.lmbda X                weight of the distortion: rate in bpp + X * distortion
  --model.objective PATH         {objectives}
  --model.learning_rate X        or --model.optimizer CLASS; --model.lr_scheduler CLASS
  --model.start_checkpoint FILE  start from the weights of a .ckpt, a codec file or a packaged codec (by name)
  --model.phases, --model.inner_checkpoint, --model.compile_transforms: see --help model

  --data CLASS                   {datamodules}
  --data.train_dir FOLDER, --data.val_dir FOLDER (default: the photographs in the package)
  --data.patch_size 256, --data.batch_size 8, --data.num_workers 2: see --help data

  --trainer.max_steps N, --trainer.accelerator cpu|gpu, --trainer.devices N
  --trainer.precision P          32-true, bf16-mixed or 16-mixed
  --trainer.callbacks+ CLASS     one more: {callbacks}
                                 or any of Lightning's (the name alone is enough)
  --trainer.logger.init_args.offline false
                                 log to the W&B server; --trainer.logger false: log nothing
  --checkpoint.every_n_train_steps N

More: litcodec {command} --help model | data | trainer | checkpoint | all
      litcodec {command} --model.codec.help CLASS
Example: litcodec fit --config configs/quickstart.yaml --model.lmbda 0.025
"""
CODECS = (
    "FactorizedPrior",
    "ScaleHyperprior",
    "MeanScaleHyperprior",
    "JointAutoregressive",
    "MixtureAutoregressive",
    "Checkerboard",
    "Cheng2020",
    "Elic",
    "Minnen2020",
    "HiFiC",
    "GenerativeCompression",
    "SelectiveGeneration",
    "PatchGenerator",
    "ImportanceMapCodec",
    "LearnedCosine",
    "LappedCosine",
    "VariableRate",
    "HybridCodec",
    "PixelAutoregressive",
    "L3C",
)
OBJECTIVES = ("mse", "ms_ssim", "mixed", "Objective")
DATAMODULES = ("FolderDataModule", "StreamDataModule", "OneImage")
CALLBACKS = (
    "RDPoints",
    "Reconstructions",
    "EntropyStatistics",
    "PatchThroughput",
    "RDCurve",
    "ReportPage",
    "WritePredictions",
)
_COLUMN, _WIDTH = 33, 110


def wants_help(arguments: Sequence[str]) -> bool:
    """Whether the short help answers: ``-h`` or ``--help`` without a group."""
    asked = bool({"-h", "--help"} & set(arguments))
    return asked and not (arguments[-1] in GROUPS and arguments[-2] in ("-h", "--help"))


def short_help(command: str, about: str) -> str:
    """One screen of help for ``command``, which ``about`` describes."""
    goes_on = "continue from a checkpoint; last: from the last one of the run with that name"
    return _HELP.format(
        command=command,
        about=about[0].upper() + about[1:] + ".",
        checkpoint=goes_on if command == "fit" else "a checkpoint of litcodec fit; required",
        codecs=_in_lines(CODECS, "litcodec.codecs."),
        objectives=_in_lines(OBJECTIVES, "litcodec.objectives."),
        datamodules=_in_lines(DATAMODULES, "litcodec.data."),
        callbacks=_in_lines(CALLBACKS, "litcodec.callbacks."),
    )


def _in_lines(names: Sequence[str], room: str) -> str:
    lines = [f"{room}{names[0]}"]
    for name in names[1:]:
        if _COLUMN + len(lines[-1]) + len(name) + 3 > _WIDTH:
            lines[-1] += ","
            lines.append(f".{name}")
        else:
            lines[-1] += f", .{name}"
    return f"\n{' ' * _COLUMN}".join(lines)
