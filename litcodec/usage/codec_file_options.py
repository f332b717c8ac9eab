"""Options of the commands that make or list codec files: export, import-compressai, codecs."""

import argparse

from litcodec.compressai_models import COMPRESSAI_MODELS
from litcodec.usage import values
from litcodec.usage.shared_options import Commands, add_debug


def add_export(commands: Commands) -> None:
    """Add ``litcodec export``."""
    export = commands.add_parser("export", help="turn a training checkpoint into a codec file")
    export.add_argument("checkpoint", type=values.path, help="a .ckpt file from litcodec fit")
    export.add_argument(
        "output",
        type=values.output("codec.safetensors"),
        help="codec file to write, .safetensors; or a folder/",
    )
    export.add_argument(
        "--half", action="store_true", help="round weights to 16 bits: a file of half the size"
    )
    export.add_argument(
        "--rdoq-lambda",
        type=values.weight,
        metavar="BITS",
        help="rate-distortion optimised quantisation: a squared error of one step counts as BITS bits "
        "(try 18; default: off, round to the nearest)",
    )
    export.add_argument(
        "--error-bits",
        type=values.weight,
        dest="rdoq_lambda",
        default=argparse.SUPPRESS,
        help=argparse.SUPPRESS,
    )
    export.add_argument(
        "--realism-of",
        type=values.path,
        metavar="CODEC",
        help="write the synthesis alone, for decompress --realism of this codec's streams; the run started "
        "from it and trained g_s alone. Its place is beside the codec file: CODEC-realism.safetensors",
    )
    export.set_defaults(wrong_usage=export.error)
    export.add_argument("-f", "--force", action="store_true", help="replace outputs that exist")
    add_debug(export)


def add_import(commands: Commands) -> None:
    """Add ``litcodec import-compressai``."""
    imports = commands.add_parser(
        "import-compressai",
        help="turn a CompressAI checkpoint into a codec file",
        description="Turn a CompressAI checkpoint into a codec file that can be used like any other. "
        "N and M are read from the shapes of its weights.",
    )
    imports.add_argument(
        "weights",
        type=values.path,
        metavar="WEIGHTS",
        help="a .pth or .pth.tar file: a state dict, or a training checkpoint",
    )
    imports.add_argument(
        "--arch", choices=COMPRESSAI_MODELS, required=True, help="the model's name in CompressAI"
    )
    imports.add_argument(
        "output",
        type=values.output("codec.safetensors"),
        metavar="OUT",
        help="codec file to write, .safetensors; or a folder/",
    )
    imports.add_argument(
        "--lmbda", type=values.weight, help="lambda of its training, for the curves of litcodec evaluate"
    )
    imports.add_argument("--distortion", choices=("mse", "ms-ssim"), help="distortion of its training")
    imports.add_argument("-f", "--force", action="store_true", help="replace outputs that exist")
    add_debug(imports)


def add_codecs(commands: Commands) -> None:
    """Add ``litcodec codecs``."""
    codecs = commands.add_parser("codecs", help="list the packaged codecs: sizes, rates, training, licences")
    codecs.add_argument("--json", action="store_true", help="one JSON object per codec on standard output")
    add_debug(codecs)
