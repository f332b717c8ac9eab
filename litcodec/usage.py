"""The command line's parser: commands and their options. Imports nothing heavy."""

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from litcodec import usage_values as values
from litcodec.errors import LitcodecError
from litcodec.limits import MAX_PIXELS, VIEWER_IMAGES

LIGHTNING = {
    "fit": "train a codec",
    "validate": "validate a checkpoint",
    "test": "code the test images to real bytes and report rate and quality",
    "predict": "reconstruct images from real bytes",
}
COMPRESSAI_ARCHITECTURES = (
    "bmshj2018-factorized",
    "bmshj2018-hyperprior",
    "mbt2018-mean",
    "mbt2018",
    "cheng2020-anchor",
    "cheng2020-attn",
)
REPORT_FORMATS = ("html", "png", "svg", "csv", "md")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line and leave out the usage."""
        self.exit(2, f"{self.prog}: {LitcodecError(message)}; see {self.prog} --help\n")


def make_parser() -> argparse.ArgumentParser:
    """The parser of ``litcodec``: ``command`` names what was asked for."""
    parser = _Parser(prog="litcodec", description="Learned image compression: train codecs, compress images.")
    parser.add_argument("--version", action="version", version=f"litcodec {version('litcodec')}")
    parser.add_argument("--debug", action="store_true", help="show a traceback where something fails")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for name, about in LIGHTNING.items():
        commands.add_parser(name, help=f"{about} (see litcodec {name} --help)", add_help=False)
    _add_export(commands)
    _add_coding(commands)
    _add_codecs(commands)
    _add_evaluate(commands)
    _add_report(commands)
    _add_sweep(commands)
    _add_workspace(commands)
    _add_import(commands)
    _add_prepare(commands)
    return parser


def _add_export(commands: "argparse._SubParsersAction[_Parser]") -> None:
    export = commands.add_parser("export", help="turn a training checkpoint into a codec file")
    export.add_argument("checkpoint", type=values.path, help="a .ckpt file of litcodec fit")
    export.add_argument(
        "output",
        type=values.output("codec.safetensors"),
        help="codec file to write, .safetensors; or folder/ for one in it",
    )
    export.add_argument(
        "--half", action="store_true", help="round weights to 16 bits: a file of half the size"
    )
    export.add_argument(
        "--rdoq-lambda",
        type=values.weight,
        metavar="BITS",
        help="quantise by RDOQ: round to what costs least, a squared error of one step weighing as many bits "
        "(try 18; default: round to the nearest)",
    )
    export.add_argument(
        "--error-bits",
        type=values.weight,
        dest="rdoq_lambda",
        default=argparse.SUPPRESS,
        help=argparse.SUPPRESS,
    )
    export.add_argument("-f", "--force", action="store_true", help="replace outputs that exist")
    _add_debug(export)


def _add_coding(commands: "argparse._SubParsersAction[_Parser]") -> None:
    compress = commands.add_parser("compress", help="images -> .litc files")
    compress.add_argument(
        "images", type=values.path, nargs="+", metavar="IMAGE", help="PNG, JPEG, WebP, AVIF, TIFF …"
    )
    decompress = commands.add_parser("decompress", help=".litc files -> PNG")
    decompress.add_argument(
        "images", type=values.path, nargs="+", metavar="FILE.litc", help="made by litcodec compress"
    )
    rate = compress.add_mutually_exclusive_group()
    rate.add_argument(
        "-q", "--quality", type=float, help="1 to 100, of a VariableRate codec (default: the middle)"
    )
    rate.add_argument(
        "--bpp",
        type=values.bits_per_pixel,
        help="the highest quality of no more bits per pixel, of the complete file",
    )
    rate.add_argument(
        "--max-bytes",
        type=values.size_in_bytes,
        metavar="SIZE",
        help="the highest quality of no more bytes: 120000, 120k, 1.5M",
    )
    rate.add_argument(
        "--lossless", action="store_true", help="keep every pixel of 8-bit RGB images, with a lossless codec"
    )
    compress.add_argument(
        "--mask",
        type=values.path,
        metavar="IMAGE",
        help="preserve what is white in this image of the same size, generate the rest; of a codec that can",
    )
    compress.add_argument(
        "--measure",
        action="store_true",
        help="decode what was written, and say PSNR, MS-SSIM and the time that it takes",
    )
    decompress.set_defaults(quality=None, bpp=None, max_bytes=None, lossless=False, measure=False, mask=None)
    _add_overfit(compress)
    for command in (compress, decompress):
        command.add_argument(
            "-c",
            "--codec",
            type=values.path,
            help="a codec file of litcodec export, or a name of litcodec codecs (default: a packaged codec)",
        )
        command.add_argument(
            "-o",
            "--output",
            type=values.name,
            help="output file, or folder/, or - for standard output (default: beside the input)",
        )
        command.add_argument(
            "--max-pixels",
            type=values.positive,
            default=MAX_PIXELS,
            help="refuse larger images (%(default)s)",
        )
        _add_device(command)
        command.add_argument(
            "--json", action="store_true", help="one JSON object per file on standard output"
        )
        command.add_argument("-f", "--force", action="store_true", help="replace outputs that exist")
        _add_debug(command)


def _add_overfit(compress: argparse.ArgumentParser) -> None:
    fit = compress.add_argument_group(
        "overfitting",
        "fit a small codec of its own to every image: minutes to encode, about a second to decode",
    )
    fit.add_argument(
        "--overfit", action="store_true", help="do so; with -q, --bpp (approximate) or --lmbda for the rate"
    )
    fit.add_argument(
        "--preset", choices=("lop", "mop", "hop"), default="lop", help="size of the networks (%(default)s)"
    )
    length = fit.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=values.weight, help="how long to fit (default: 5)")
    length.add_argument("--iterations", type=values.positive, help="or how many steps")
    fit.add_argument(
        "--lmbda",
        type=values.weight,
        help="weight of the distortion: 0.0008 for a low rate to 0.15 (default: 0.0154)",
    )
    fit.add_argument("--seed", type=values.count, default=0, help="of weights and noise (%(default)s)")
    fit.add_argument(
        "--resume", action="store_true", help="go on where a fit of the same image was interrupted"
    )
    compress.set_defaults(wrong_usage=compress.error)


def _add_codecs(commands: "argparse._SubParsersAction[_Parser]") -> None:
    codecs = commands.add_parser("codecs", help="the packaged codecs: sizes, rates, training, licences")
    codecs.add_argument("--json", action="store_true", help="one JSON object per codec on standard output")
    _add_debug(codecs)


def _add_evaluate(commands: "argparse._SubParsersAction[_Parser]") -> None:
    evaluate = commands.add_parser("evaluate", help="rate and quality of codecs and baselines, on real files")
    evaluate.add_argument(
        "codecs",
        type=values.path,
        nargs="*",
        metavar="CODEC",
        help="codec files of litcodec export, or names of litcodec codecs",
    )
    evaluate.add_argument(
        "--images", type=values.path, required=True, help="folder of images, searched recursively"
    )
    evaluate.add_argument(
        "--baselines",
        type=values.keys,
        default=(),
        metavar="KEY,…",
        help="baseline codecs to measure too: jpeg,jpeg444,jpeg2000,webp,avif,hevc,jxl,vvc, or all; "
        "png,webp-lossless,jpeg2000-lossless,jxl-lossless, or lossless; "
        "or class paths of your own, mylab.Cjxl",
    )
    _add_hidden_anchors(evaluate)
    evaluate.add_argument(
        "--metrics",
        type=values.keys,
        default=(),
        metavar="NAME,…",
        help="what to measure: psnr,psnr_luma,ms_ssim,ms_ssim_db (the default), with litcodec[perceptual] "
        "ssimulacra2,flip,gmsd,haarpsi,vif,vmaf,xpsnr, and of all images as a set effnet_frechet, or import "
        "paths of your own, mylab.metrics.SHARPNESS",
    )
    evaluate.add_argument(
        "-o",
        "--output",
        type=values.output("results.json"),
        default=Path("results.json"),
        help="results file, or folder/; what it holds already is not measured again (%(default)s)",
    )
    evaluate.add_argument(
        "--qualities",
        type=values.numbers,
        metavar="Q,…",
        help="1 to 100, where codecs of variable rate are measured (default: 8 over all of the range)",
    )
    evaluate.add_argument(
        "--bpp",
        type=values.rates,
        metavar="R,…",
        help="measure codecs of variable rate and baselines at these bits per pixel instead, each image at "
        "the quality whose file is nearest: for comparisons at equal rates",
    )
    _add_device(evaluate)
    evaluate.add_argument("--label", help="name of the codecs' curve (default: class, weights, distortion)")
    evaluate.add_argument(
        "--no-keep", dest="keep", action="store_false", help="do not keep the coded files beside the results"
    )
    evaluate.add_argument(
        "--max-pixels", type=values.positive, default=MAX_PIXELS, help="refuse larger images (%(default)s)"
    )
    evaluate.add_argument(
        "-f", "--force", action="store_true", help="start anew, forgetting what the results file holds"
    )
    evaluate.set_defaults(wrong_usage=evaluate.error)
    _add_debug(evaluate)


def _add_report(commands: "argparse._SubParsersAction[_Parser]") -> None:
    report = commands.add_parser("report", help="results -> a page, a figure or a table")
    report.add_argument(
        "results", type=values.path, nargs="+", metavar="RESULTS.json", help="files of litcodec evaluate"
    )
    report.add_argument(
        "-o",
        "--output",
        type=values.output("report.html"),
        default=Path("report.html"),
        help="page .html, figure .png or .svg, table .csv or .md, or folder/ for a page in it (%(default)s)",
    )
    report.add_argument("--format", choices=REPORT_FORMATS, help="of the output (default: by its ending)")
    report.add_argument(
        "--figure",
        choices=("curves", "plane"),
        default="curves",
        help="what a .png or .svg shows: rate-distortion curves, or the perception-distortion plane of what "
        "was measured at equal rates with a metric of sets (%(default)s)",
    )
    report.add_argument(
        "--choices",
        type=values.path,
        action="append",
        default=[],
        metavar="CHOICES.json",
        help="a file that the page's blind comparison saved; may be given again",
    )
    report.add_argument(
        "--published",
        type=values.keys,
        metavar="NAME,…",
        help="published curves over Kodak to draw too, such as vtm,hm; or none "
        "(default: a few, if the images are Kodak's)",
    )
    report.add_argument(
        "--images",
        type=values.count,
        default=VIEWER_IMAGES,
        help="how many images the page shows, 0 for none; each adds about half a megabyte for every codec "
        "and rate (%(default)s)",
    )
    report.add_argument(  # the former name of --images
        "--pictures", type=values.count, dest="images", default=argparse.SUPPRESS, help=argparse.SUPPRESS
    )
    report.add_argument(
        "--max-pixels", type=values.positive, default=MAX_PIXELS, help="show no larger images (%(default)s)"
    )
    _add_device(report)
    report.add_argument("--title", help="of the page")
    report.set_defaults(wrong_usage=report.error)
    report.add_argument("-f", "--force", action="store_true", help="replace outputs that exist")
    _add_debug(report)


def _add_sweep(commands: "argparse._SubParsersAction[_Parser]") -> None:
    sweep = commands.add_parser(
        "sweep",
        help="train every point of a sweep file, measure all, write the report",
        description="Train a codec at every point of a W&B sweep file, without a server; then measure all of "
        "them on real files and write the report. Interrupted, the same command continues: what is trained "
        "or measured is kept.",
    )
    sweep.add_argument(
        "file",
        type=values.path,
        metavar="FILE",
        help="what wandb sweep takes, a grid: sweeps/lambda.yaml …",
    )
    sweep.add_argument(
        "--devices",
        metavar="N|I,J,…",
        help="train N points at a time, each on a GPU of its own where there are GPUs; or one on each of the "
        "GPUs I,J,… (default: one after another)",
    )
    sweep.add_argument(
        "--images",
        type=values.path,
        help="folder of images to measure on (default: held-back photographs)",
    )
    sweep.add_argument(
        "--baselines",
        type=values.keys,
        default=("jpeg", "webp", "jpeg2000"),
        metavar="KEY,…",
        help="baseline codecs to measure too: jpeg,jpeg444,jpeg2000,webp,avif,hevc,jxl,vvc, or all; "
        "or class paths, or '' for none (default: jpeg,webp,jpeg2000)",
    )
    _add_hidden_anchors(sweep)
    _add_device(sweep)
    sweep.add_argument(
        "-o",
        "--output",
        type=values.path,
        metavar="FOLDER",
        help="where runs, codecs, results.json and report.html go (default: runs/sweeps/NAME)",
    )
    sweep.add_argument(
        "--label", help="one name for all codecs' points, which makes them one curve (default: by codec)"
    )
    sweep.add_argument(
        "-f",
        "--force",
        action="store_true",
        help="measure anew, forgetting results.json; trains nothing anew",
    )
    _add_debug(sweep)


def _add_import(commands: "argparse._SubParsersAction[_Parser]") -> None:
    imports = commands.add_parser(
        "import-compressai",
        help="turn a checkpoint of CompressAI into a codec file",
        description="Turn a checkpoint of CompressAI into a codec file, which compresses like any other. "
        "N and M are read from the shapes of its weights.",
    )
    imports.add_argument(
        "weights",
        type=values.path,
        metavar="WEIGHTS",
        help="a .pth or .pth.tar file: a state dict, or a training checkpoint",
    )
    imports.add_argument(
        "--arch", choices=COMPRESSAI_ARCHITECTURES, required=True, help="CompressAI's name of the model"
    )
    imports.add_argument(
        "output",
        type=values.output("codec.safetensors"),
        metavar="OUT",
        help="the codec file to write, .safetensors; or folder/ for one in it",
    )
    imports.add_argument(
        "--lmbda", type=values.weight, help="what it was trained with, for the curves of litcodec evaluate"
    )
    imports.add_argument("--distortion", choices=("mse", "ms-ssim"), help="what it was trained for")
    imports.add_argument("-f", "--force", action="store_true", help="replace outputs that exist")
    _add_debug(imports)


def _add_prepare(commands: "argparse._SubParsersAction[_Parser]") -> None:
    prepare = commands.add_parser("prepare", help="images -> shards for streaming")
    prepare.add_argument("source", type=values.path, help="folder of images, searched recursively")
    prepare.add_argument("output", type=values.name, help="new folder, or s3://… or gs://…")
    prepare.add_argument(
        "--tile-size", type=values.positive, default=512, help="side of the tiles kept (%(default)s)"
    )
    prepare.add_argument(
        "--min-size", type=values.positive, default=256, help="skip smaller images (%(default)s)"
    )
    prepare.add_argument("--num-workers", type=values.positive, default=2, help="processes (%(default)s)")
    _add_debug(prepare)


def _add_hidden_anchors(command: argparse.ArgumentParser) -> None:
    """The former name of --baselines."""
    command.add_argument(
        "--anchors", type=values.keys, dest="baselines", default=argparse.SUPPRESS, help=argparse.SUPPRESS
    )


def _add_workspace(commands: "argparse._SubParsersAction[_Parser]") -> None:
    workspace = commands.add_parser("workspace", help="a W&B workspace that opens on rate-distortion curves")
    workspace.add_argument(
        "project", help="of W&B: trainer.logger.init_args.project, litcodec if not changed"
    )
    workspace.add_argument("--entity", help="user or team (default: the API key's)")
    workspace.add_argument(
        "--spec",
        type=values.output("workspace.json"),
        help="write what would be created to this file, or into folder/; ask no server",
    )
    workspace.add_argument("-f", "--force", action="store_true", help="replace a file that exists")
    _add_debug(workspace)


def _add_device(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--device",
        default="cpu",
        metavar="NAME",
        help="where the codec's networks run: cpu, cuda, cuda:1, mps (%(default)s)",
    )


def _add_debug(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="PACKAGE",
        help="a package whose classes codec files and options may name; repeatable (also: LITCODEC_PLUGINS)",
    )
    command.add_argument("--debug", action="store_true", help="show a traceback where something fails")
