"""Options of ``litcodec compress`` and ``litcodec decompress``."""

import argparse

from litcodec.limits import MAX_PIXELS
from litcodec.usage import values
from litcodec.usage.shared_options import Commands, add_debug, add_device, add_effort


def add_coding(commands: Commands) -> None:
    """Add ``litcodec compress`` and ``litcodec decompress``."""
    compress = commands.add_parser("compress", help="compress images to .litc files")
    compress.add_argument(
        "images", type=values.path, nargs="+", metavar="IMAGE", help="PNG, JPEG, WebP, AVIF, TIFF …"
    )
    decompress = commands.add_parser("decompress", help="decompress .litc files to PNG")
    decompress.add_argument(
        "images", type=values.path, nargs="+", metavar="FILE.litc", help="a file written by litcodec compress"
    )
    rate = compress.add_mutually_exclusive_group()
    rate.add_argument(
        "-q", "--quality", type=float, help="1 to 100, for variable-rate codecs (default: the middle)"
    )
    rate.add_argument(
        "--bpp",
        type=values.bits_per_pixel,
        help="the highest quality whose complete file has at most BPP bits per pixel",
    )
    rate.add_argument(
        "--max-bytes",
        type=values.size_in_bytes,
        metavar="SIZE",
        help="the highest quality whose file has at most SIZE bytes: 120000, 120k, 1.5M",
    )
    rate.add_argument(
        "--lossless", action="store_true", help="keep every pixel of 8-bit RGB images, with a lossless codec"
    )
    compress.add_argument(
        "--mask",
        type=values.path,
        metavar="IMAGE",
        help="code what is white in this image of the same size and generate the rest, if the codec can",
    )
    compress.add_argument(
        "--measure",
        action="store_true",
        help="decode the result and print PSNR, MS-SSIM and the decoding time",
    )
    decompress.add_argument(
        "--realism",
        type=float,
        default=0.0,
        metavar="R",
        help="0 (least distortion, the default) to 1 (most realism), of a codec with a second synthesis",
    )
    add_effort(compress)
    compress.set_defaults(realism=0.0)
    decompress.set_defaults(effort=0)
    decompress.set_defaults(quality=None, bpp=None, max_bytes=None, lossless=False, measure=False, mask=None)
    _add_overfit(compress)
    for command in (compress, decompress):
        command.add_argument(
            "-c",
            "--codec",
            type=values.path,
            help="a codec file, or a name from litcodec codecs (default: a packaged codec)",
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
        "--overfit",
        action="store_true",
        help="fit a codec; set the rate with -q, --bpp (approximate) or --lmbda",
    )
    fit.add_argument(
        "--preset", choices=("lop", "mop", "hop"), default="lop", help="size of the networks (%(default)s)"
    )
    length = fit.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=values.weight, help="how long to fit (default: 5)")
    length.add_argument(
        "--iterations", type=values.positive, help="how many steps to fit, instead of --minutes"
    )
    fit.add_argument(
        "--lmbda",
        type=values.weight,
        help="weight of the distortion: 0.0008 for a low rate to 0.15 (default: 0.0154)",
    )
    fit.add_argument(
        "--seed", type=values.count, default=0, help="random seed of weights and noise (%(default)s)"
    )
    fit.add_argument("--resume", action="store_true", help="continue an interrupted fit of the same image")
    compress.set_defaults(wrong_usage=compress.error)
