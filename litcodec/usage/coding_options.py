"""Options of ``litcodec compress`` and ``litcodec decompress``."""

import argparse

from litcodec.limits import MAX_PIXELS
from litcodec.usage import values
from litcodec.usage.shared_options import Commands, add_debug, add_device, add_effort


def add_coding(commands: Commands) -> None:
    """Add ``litcodec compress`` and ``litcodec decompress``."""
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
    add_effort(compress)
    decompress.set_defaults(effort=0)
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
        add_device(command)
        command.add_argument(
            "--json", action="store_true", help="one JSON object per file on standard output"
        )
        command.add_argument("-f", "--force", action="store_true", help="replace outputs that exist")
        add_debug(command)


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
