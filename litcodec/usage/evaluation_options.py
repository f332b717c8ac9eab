"""Options of ``litcodec evaluate`` and ``litcodec report``."""

import argparse
from pathlib import Path

from litcodec.limits import MAX_PIXELS, VIEWER_IMAGES
from litcodec.usage import values
from litcodec.usage.shared_options import Commands, add_debug, add_device, add_effort, add_hidden_anchors

REPORT_FORMATS = ("html", "png", "svg", "csv", "md")


def add_evaluate(commands: Commands) -> None:
    """Add ``litcodec evaluate``."""
    evaluate = commands.add_parser(
        "evaluate", help="measure rate and quality of codecs and baselines on real files"
    )
    evaluate.add_argument(
        "codecs",
        type=values.path,
        nargs="*",
        metavar="CODEC",
        help="codec files from litcodec export, names from litcodec codecs, or overfit:PRESET:LENGTH, "
        "such as overfit:lop:5min or overfit:mop:2000it",
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
    add_hidden_anchors(evaluate)
    evaluate.add_argument(
        "--metrics",
        type=values.keys,
        default=(),
        metavar="NAME,…",
        help="what to measure: psnr,psnr_luma,ms_ssim,ms_ssim_db (the default); with litcodec[perceptual] "
        "also ssimulacra2,flip,gmsd,haarpsi,vif,vmaf,xpsnr and, over the set of all images, effnet_frechet; "
        "or import paths of your own, mylab.metrics.SHARPNESS",
    )
    evaluate.add_argument(
        "-o",
        "--output",
        type=values.output("results.json"),
        default=Path("results.json"),
        help="results file, or folder/; results already in it are not measured again (%(default)s)",
    )
    evaluate.add_argument(
        "--qualities",
        type=values.numbers,
        metavar="Q,…",
        help="1 to 100, at which variable-rate codecs are measured (default: 8 over the whole range)",
    )
    evaluate.add_argument(
        "--bpp",
        type=values.rates,
        metavar="R,…",
        help="measure variable-rate codecs and baselines at these bits per pixel instead, each image at "
        "the quality whose file size is nearest: for comparisons at equal rates",
    )
    evaluate.add_argument(
        "--realism",
        type=values.numbers,
        default=(0.0,),
        metavar="R,…",
        help="0 to 1, at which codecs with a second synthesis decode the same files: with --metrics "
        "psnr,effnet_frechet and --bpp one curve of the perception-distortion plane (default: 0)",
    )
    add_effort(evaluate)
    add_device(evaluate)
    evaluate.add_argument("--label", help="name of the codecs' curve (default: class, weights, distortion)")
    evaluate.add_argument(
        "--no-keep", dest="keep", action="store_false", help="do not keep the coded files beside the results"
    )
    evaluate.add_argument(
        "--max-pixels", type=values.positive, default=MAX_PIXELS, help="refuse larger images (%(default)s)"
    )
    evaluate.add_argument(
        "-f", "--force", action="store_true", help="start over, and drop what is in the results file"
    )
    evaluate.set_defaults(wrong_usage=evaluate.error)
    add_debug(evaluate)


def add_report(commands: Commands) -> None:
    """Add ``litcodec report``."""
    report = commands.add_parser("report", help="turn results into a page, a figure or a table")
    report.add_argument(
        "results",
        type=values.path,
        nargs="+",
        metavar="RESULTS.json",
        help="results files of litcodec evaluate",
    )
    report.add_argument(
        "-o",
        "--output",
        type=values.output("report.html"),
        default=Path("report.html"),
        help="page .html, figure .png or .svg, table .csv or .md, or folder/ for a page in it (%(default)s)",
    )
    report.add_argument(
        "--format", choices=REPORT_FORMATS, help="format of the output (default: by its suffix)"
    )
    report.add_argument(
        "--figure",
        choices=("curves", "plane", "time"),
        default="curves",
        help="what a .png or .svg shows: rate-distortion curves; the perception-distortion plane of results "
        "measured at equal rates with a set metric; or BD-rates over seconds per image (%(default)s)",
    )
    report.add_argument(
        "--choices",
        type=values.path,
        action="append",
        default=[],
        metavar="CHOICES.json",
        help="a file saved by the page's blind comparison; repeatable",
    )
    report.add_argument(
        "--published",
        type=values.keys,
        metavar="NAME,…",
        help="published curves over Kodak to add, such as vtm,hm; or none "
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
    add_device(report)
    report.add_argument("--title", help="title of the page")
    report.set_defaults(wrong_usage=report.error)
    report.add_argument("-f", "--force", action="store_true", help="replace outputs that exist")
    add_debug(report)
