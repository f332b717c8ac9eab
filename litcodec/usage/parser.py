"""The command line's parser: all commands. Imports nothing heavy."""

import argparse
from importlib.metadata import version

from litcodec.usage.codec_file_options import add_codecs, add_export, add_import
from litcodec.usage.coding_options import add_coding
from litcodec.usage.evaluation_options import add_evaluate, add_report
from litcodec.usage.shared_options import CommandParser
from litcodec.usage.training_options import add_prepare, add_sweep, add_workspace

LIGHTNING = {
    "fit": "train a codec",
    "validate": "validate a checkpoint",
    "test": "code the test images to real bytes and report rate and quality",
    "predict": "reconstruct images from real bytes",
}


def make_parser() -> argparse.ArgumentParser:
    """The parser of ``litcodec``: ``command`` names what was asked for."""
    parser = CommandParser(
        prog="litcodec", description="Learned image compression: train codecs, compress images."
    )
    parser.add_argument("--version", action="version", version=f"litcodec {version('litcodec')}")
    parser.add_argument("--debug", action="store_true", help="show a traceback where something fails")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for name, about in LIGHTNING.items():
        commands.add_parser(name, help=f"{about} (see litcodec {name} --help)", add_help=False)
    add_export(commands)
    add_coding(commands)
    add_codecs(commands)
    add_evaluate(commands)
    add_report(commands)
    add_sweep(commands)
    add_workspace(commands)
    add_import(commands)
    add_prepare(commands)
    return parser
