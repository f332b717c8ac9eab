"""The command line: ``litcodec fit | validate | test | predict | export | compress | decompress | prepare``.

Only wiring. What is heavy is imported by the command that needs it, so that ``--help`` answers at once.
"""

import argparse
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from litcodec.limits import MAX_PIXELS

if TYPE_CHECKING:
    from litcodec.commands.coding import Options

LIGHTNING = {
    "fit": "train a codec",
    "validate": "validate a checkpoint",
    "test": "write real bytes for the test photographs and report rate and quality",
    "predict": "reconstruct photographs from real bytes",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 something failed, 2 wrong usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    try:
        if arguments and arguments[0] in LIGHTNING:
            from litcodec.training.cli import run

            return run([word for word in arguments if word != "--debug"])
        options = _parser().parse_args(arguments)
        return int(options.run(options))
    except KeyboardInterrupt:
        print("litcodec: interrupted.", file=sys.stderr)
        return 130
    except Exception as error:
        from litcodec.errors import LitcodecError

        if debug or not isinstance(error, (LitcodecError, OSError)):
            traceback.print_exc()
        else:
            print(f"litcodec: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="litcodec", description="Learned image compression: train codecs, compress photographs."
    )
    parser.add_argument("--version", action="version", version=f"litcodec {version('litcodec')}")
    parser.add_argument("--debug", action="store_true", help="show a traceback where something fails")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, about in LIGHTNING.items():
        commands.add_parser(name, help=f"{about} (see litcodec {name} --help)", add_help=False)

    export = commands.add_parser("export", help="turn a training checkpoint into a codec file")
    export.add_argument("checkpoint", type=Path, help="a .ckpt file of litcodec fit")
    export.add_argument("output", type=Path, help="the codec file to write, .safetensors")
    export.set_defaults(run=_export)

    compress = commands.add_parser("compress", help="photographs -> .litc files")
    compress.add_argument(
        "images", type=Path, nargs="+", metavar="IMAGE", help="PNG, JPEG, WebP, AVIF, TIFF …"
    )
    compress.set_defaults(run=_compress)
    decompress = commands.add_parser("decompress", help=".litc files -> PNG")
    decompress.add_argument(
        "images", type=Path, nargs="+", metavar="FILE.litc", help="made by litcodec compress"
    )
    decompress.set_defaults(run=_decompress)
    for command in (compress, decompress):
        command.add_argument(
            "-c", "--codec", type=Path, required=True, help="a codec file of litcodec export"
        )
        command.add_argument(
            "-o", "--output", type=Path, help="output file, or folder for several (default: beside the input)"
        )
        command.add_argument(
            "--max-pixels", type=_positive, default=MAX_PIXELS, help="refuse larger pictures (%(default)s)"
        )
        command.add_argument(
            "--json", action="store_true", help="one JSON object per file on standard output"
        )

    prepare = commands.add_parser("prepare", help="photographs -> shards that stream")
    prepare.add_argument("source", type=Path, help="folder of photographs, searched recursively")
    prepare.add_argument("output", help="new folder, or s3://… or gs://…")
    prepare.add_argument(
        "--tile-size", type=_positive, default=512, help="side of the tiles kept (%(default)s)"
    )
    prepare.add_argument(
        "--min-size", type=_positive, default=256, help="skip smaller photographs (%(default)s)"
    )
    prepare.add_argument("--num-workers", type=_positive, default=2, help="processes (%(default)s)")
    prepare.set_defaults(run=_prepare)
    for command in (export, compress, decompress):
        command.add_argument("-f", "--force", action="store_true", help="replace outputs that exist")
    for command in (export, compress, decompress, prepare):
        command.add_argument("--debug", action="store_true", help="show a traceback where something fails")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


def _export(options: argparse.Namespace) -> int:
    from litcodec.commands.export import export

    return export(options.checkpoint, options.output, overwrite=options.force)


def _compress(options: argparse.Namespace) -> int:
    from litcodec.commands import coding

    return coding.compress(_coding_options(options))


def _decompress(options: argparse.Namespace) -> int:
    from litcodec.commands import coding

    return coding.decompress(_coding_options(options))


def _coding_options(options: argparse.Namespace) -> "Options":
    from litcodec.commands.coding import Options

    return Options(*(getattr(options, field) for field in Options._fields))


def _prepare(options: argparse.Namespace) -> int:
    from litcodec.commands.prepare import prepare_shards

    return prepare_shards(
        options.source,
        options.output,
        tile_size=options.tile_size,
        min_size=options.min_size,
        num_workers=options.num_workers,
    )
