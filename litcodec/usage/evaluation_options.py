"""Options of ``litcodec evaluate`` and ``litcodec report``."""

import argparse
from pathlib import Path

from litcodec.limits import MAX_PIXELS, VIEWER_IMAGES
from litcodec.usage import values
from litcodec.usage.shared_options import Commands, add_debug, add_device, add_effort, add_hidden_anchors

REPORT_FORMATS = ("html", "png", "svg", "csv", "md")


def add_evaluate(commands: Commands) -> None:
    """Add ``litcodec evaluate``."""
    evaluate = commands.add_parser("evaluate", help="rate and quality of codecs and baselines, on real files")
    evaluate.add_argument(
        "codecs",
        type=values.path,
        nargs="*",
        metavar="CODEC",
        help="codec files of litcodec export, names of litcodec codecs, or overfit:PRESET:LENGTH, such as "
        "overfit:lop:5min or overfit:mop:2000it",
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
        "-f", "--force", action="store_true", help="start anew, forgetting what the results file holds"
    )
    evaluate.set_defaults(wrong_usage=evaluate.error)
    add_debug(evaluate)


def add_report(commands: Commands) -> None:
    """Add ``litcodec report``."""
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
    add_device(report)
    report.add_argument("--title", help="of the page")
    report.set_defaults(wrong_usage=report.error)
    report.add_argument("-f", "--force", action="store_true", help="replace outputs that exist")
    add_debug(report)
